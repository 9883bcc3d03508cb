import com.amazonaws.services.dynamodbv2.AcquireLockOptions;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClient;
import com.amazonaws.services.dynamodbv2.LockItem;
import com.amazonaws.services.dynamodbv2.ReleaseLockOptions;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Turn after turn under one key: counts up in the lock's data, and tells how each turn went as turns.node.ts does. */
public final class Turns {
  public static void main(String[] args) throws Exception {
    long leaseMs = Long.parseLong(args[4]);
    AmazonDynamoDBLockClient client = Client.open(args[0], args[1], args[2], args[3], leaseMs, Long.parseLong(args[5]));
    Path inside = Path.of(args[6]);
    for (int turn = 0; ; turn++) {
      long asked = System.nanoTime();
      LockItem item =
          client.acquireLock(
              AcquireLockOptions.builder("Customer:42")
                  .withReplaceData(false)
                  .withData(Client.bytes("0"))
                  .withDeleteLockOnRelease(false)
                  .withAcquireReleasedLocksConsistently(true)
                  .withRefreshPeriod(10L)
                  .withAdditionalTimeToWaitForLock(120_000L)
                  .withTimeUnit(TimeUnit.MILLISECONDS)
                  .build());
      long taken = System.nanoTime();
      String me = args[3] + " " + turn;
      enter(inside, me);
      int count = Integer.parseInt(Client.text(item.getData()));
      Thread.sleep(3);
      Files.deleteIfExists(inside);
      long heldMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - taken);
      String next = String.valueOf(count + 1);
      boolean released =
          client.releaseLock(ReleaseLockOptions.builder(item).withDeleteLock(false).withData(Client.bytes(next)).build());
      System.out.printf("turn\t%s\t%d\t%b\t%d\t%d%n", me, count, released, TimeUnit.NANOSECONDS.toMillis(taken - asked), heldMs);
    }
  }

  /** Whoever is in there was killed, or it is an overlap: whoever reads this knows which. */
  private static void enter(Path inside, String me) throws IOException {
    try {
      Files.writeString(inside, me, java.nio.file.StandardOpenOption.CREATE_NEW, java.nio.file.StandardOpenOption.WRITE);
    } catch (FileAlreadyExistsException error) {
      System.out.printf("met\t%s\t%s%n", me, Files.readString(inside));
      Files.writeString(inside, me);
    }
  }
}

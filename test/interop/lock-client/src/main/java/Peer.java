import com.amazonaws.services.dynamodbv2.AcquireLockOptions;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClient;
import com.amazonaws.services.dynamodbv2.GetLockOptions;
import com.amazonaws.services.dynamodbv2.LockItem;
import com.amazonaws.services.dynamodbv2.ReleaseLockOptions;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * Does what its input says, a command a line, its words apart by tabs, and answers each with a line. Nothing is "-".
 *
 * <pre>
 * acquire KEY SORT DATA FLAGS ATTRIBUTE   FLAGS of: keep (data), stay (after release), update, skip, exist; or "none"
 * release KEY SORT DATA FLAGS             FLAGS of: stay
 * get KEY SORT | raw KEY SORT | list | close
 * </pre>
 */
public final class Peer {
  private final AmazonDynamoDBLockClient client;
  private final Map<String, LockItem> held = new HashMap<>();

  private Peer(AmazonDynamoDBLockClient client) {
    this.client = client;
  }

  public static void main(String[] args) throws Exception {
    Peer peer = new Peer(Client.open(args[0], args[1], args[2], args[3], Long.parseLong(args[4]), Long.parseLong(args[5])));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String answer;
      try {
        answer = peer.answer(line.split("\t"));
      } catch (Exception error) {
        answer = error.getClass().getSimpleName() + "\t" + error.getMessage();
      }
      out.println(answer.replace("\n", " "));
    }
    System.exit(0);
  }

  private String answer(String[] words) throws Exception {
    switch (words[0]) {
      case "acquire":
        return acquire(words[1], words[2], words[3], List.of(words[4].split(",")), words[5]);
      case "release":
        return release(words[1] + "\t" + words[2], words[3], words[4]);
      case "get":
        return shown(client.getLock(words[1], sort(words[2])));
      case "raw":
        var options = GetLockOptions.builder(words[1]);
        sort(words[2]).ifPresent(options::withSortKey);
        return shown(client.getLockFromDynamoDB(options.build()));
      case "list":
        return client.getAllLocksFromDynamoDB(false).map(LockItem::getPartitionKey).sorted().collect(Collectors.joining("\t"));
      default:
        client.close();
        return "closed";
    }
  }

  private String acquire(String key, String sort, String data, List<String> flags, String attribute) throws InterruptedException {
    var options =
        AcquireLockOptions.builder(key)
            .withReplaceData(!flags.contains("keep"))
            .withDeleteLockOnRelease(!flags.contains("stay"))
            .withUpdateExistingLockRecord(flags.contains("update"))
            .withShouldSkipBlockingWait(flags.contains("skip"))
            .withAcquireOnlyIfLockAlreadyExists(flags.contains("exist"))
            .withRefreshPeriod(50L)
            .withAdditionalTimeToWaitForLock(10_000L)
            .withTimeUnit(TimeUnit.MILLISECONDS);
    sort(sort).ifPresent(options::withSortKey);
    if (!data.equals("-")) options.withData(Client.bytes(data));
    if (!attribute.equals("-"))
      options.withAdditionalAttributes(Map.of(attribute, AttributeValue.builder().ss(Arrays.asList("a", "b")).build()));
    LockItem item = client.acquireLock(options.build());
    held.put(key + "\t" + sort, item);
    return shown(Optional.of(item));
  }

  private String release(String key, String data, String flags) {
    var options = ReleaseLockOptions.builder(held.get(key)).withDeleteLock(!flags.equals("stay"));
    if (!data.equals("-")) options.withData(Client.bytes(data));
    return String.valueOf(client.releaseLock(options.build()));
  }

  private static Optional<String> sort(String word) {
    return word.equals("-") ? Optional.empty() : Optional.of(word);
  }

  /** Owner, data, lease, and the names of the additional attributes. */
  private static String shown(Optional<LockItem> found) {
    if (found.isEmpty()) return "none";
    LockItem item = found.get();
    String attributes = String.join(",", new TreeMap<>(item.getAdditionalAttributes()).keySet());
    return String.join("\t", item.getOwnerName(), Client.text(item.getData()), String.valueOf(item.getLeaseDuration()), attributes);
  }
}

import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClient;
import com.amazonaws.services.dynamodbv2.AmazonDynamoDBLockClientOptions;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/** Amazon's client as a user makes one, but for the endpoint. */
final class Client {
  private Client() {}

  /** {@code sortKeyName}: "-" for none. */
  static AmazonDynamoDBLockClient open(String endpoint, String table, String sortKeyName, String owner, long leaseMs, long beatMs) {
    DynamoDbClient dynamo =
        DynamoDbClient.builder()
            .endpointOverride(URI.create(endpoint))
            .region(Region.EU_WEST_1)
            .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIATEST", "secret")))
            .build();
    var options =
        AmazonDynamoDBLockClientOptions.builder(dynamo, table)
            .withOwnerName(owner)
            .withLeaseDuration(leaseMs)
            .withHeartbeatPeriod(beatMs)
            .withTimeUnit(TimeUnit.MILLISECONDS);
    if (!sortKeyName.equals("-")) options.withSortKeyName(sortKeyName);
    return new AmazonDynamoDBLockClient(options.build());
  }

  static String text(Optional<ByteBuffer> data) {
    return data.map(bytes -> StandardCharsets.UTF_8.decode(bytes.duplicate()).toString()).orElse("-");
  }

  static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
  }
}

package giveway;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import net.javacrumbs.shedlock.core.ClockProvider;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.core.SimpleLock;
import net.javacrumbs.shedlock.provider.jdbctemplate.JdbcTemplateLockProvider;
import net.javacrumbs.shedlock.provider.redis.spring.RedisLockProvider;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * ShedLock in a process of its own. Arguments: `jdbc <url> db|jvm`, or `redis <port> <environment> safe|unsafe`. It answers each
 * line of its input with one line: `lock <name> <atMostMs> <atLeastMs>`, `extend <name> <atMostMs>`, `unlock <name>`,
 * `turns <name> <count> <marker>`.
 */
public final class Worker {
    private final LockProvider provider;
    private final Map<String, SimpleLock> held = new HashMap<>();

    private Worker(LockProvider provider) {
        this.provider = provider;
    }

    public static void main(String[] args) throws Exception {
        Worker worker = new Worker(args[0].equals("jdbc") ? jdbc(args[1], args[2]) : redis(args[1], args[2], args[3]));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        System.out.println("ready " + TimeZone.getDefault().getID());
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String answer;
            try {
                answer = worker.answer(line.split(" "));
            } catch (Exception error) {
                answer = "error " + String.valueOf(error).replace('\n', ' ');
            }
            System.out.println(answer);
        }
        System.exit(0);
    }

    private String answer(String[] words) throws Exception {
        switch (words[0]) {
            case "lock": {
                Optional<SimpleLock> lock = lock(words[1], Long.parseLong(words[2]), Long.parseLong(words[3]));
                lock.ifPresent(each -> held.put(words[1], each));
                return lock.isPresent() ? "locked" : "busy";
            }
            case "extend": {
                Optional<SimpleLock> lock = held.get(words[1]).extend(Duration.ofMillis(Long.parseLong(words[2])), Duration.ZERO);
                lock.ifPresent(each -> held.put(words[1], each));
                return lock.isPresent() ? "extended" : "refused";
            }
            case "unlock":
                held.remove(words[1]).unlock();
                return "unlocked";
            case "turns":
                return turns(words[1], Integer.parseInt(words[2]), Path.of(words[3]));
            default:
                return "error unknown word";
        }
    }

    /** Whoever holds the lock alone can make the marker. */
    private String turns(String name, int count, Path marker) throws Exception {
        int overlaps = 0;
        for (int turn = 0; turn < count; ) {
            Optional<SimpleLock> lock = lock(name, 30_000, 0);
            if (lock.isEmpty()) {
                Thread.sleep(1 + (long) (Math.random() * 4));
                continue;
            }
            try {
                Files.createFile(marker);
                Thread.sleep(1);
                Files.delete(marker);
            } catch (FileAlreadyExistsException error) {
                overlaps++;
            }
            lock.get().unlock();
            turn++;
            Thread.sleep(1);
        }
        return "overlaps " + overlaps;
    }

    private Optional<SimpleLock> lock(String name, long atMostMs, long atLeastMs) {
        return provider.lock(
            new LockConfiguration(ClockProvider.now(), name, Duration.ofMillis(atMostMs), Duration.ofMillis(atLeastMs)));
    }

    private static LockProvider jdbc(String url, String clock) {
        SingleConnectionDataSource source = new SingleConnectionDataSource(url, true);
        source.setAutoCommit(true);
        JdbcTemplateLockProvider.Configuration.Builder configuration =
            JdbcTemplateLockProvider.Configuration.builder().withJdbcTemplate(new JdbcTemplate(source));
        if (clock.equals("db")) configuration.usingDbTime();
        return new JdbcTemplateLockProvider(configuration.build());
    }

    private static LockProvider redis(String port, String environment, String update) {
        LettuceConnectionFactory factory =
            new LettuceConnectionFactory(new RedisStandaloneConfiguration("127.0.0.1", Integer.parseInt(port)));
        factory.afterPropertiesSet();
        factory.start();
        return new RedisLockProvider.Builder(factory).environment(environment).safeUpdate(update.equals("safe")).build();
    }
}

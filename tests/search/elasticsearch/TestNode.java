import java.nio.file.Path;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.http.HttpServerTransport;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node for tests: TestNode HOME WORK. HOME holds the jars, WORK gets data, logs and configuration.
 * Prints "PORT n" when it answers and ends with its standard input, so that it never outlives who started it.
 */
public final class TestNode {
    public static void main(String[] arguments) throws Exception {
        Path home = Path.of(arguments[0]);
        Path work = Path.of(arguments[1]);
        var out = System.out; // logging takes its place
        LogConfigurator.configureESLogging();
        LogConfigurator.registerErrorListener();
        LogConfigurator.setNodeName("test");
        var asked = Settings.builder()
            .put("path.home", home.toString())
            .put("path.data", work.resolve("data").toString())
            .put("path.logs", work.resolve("logs").toString())
            .put("node.name", "test")
            .put("cluster.name", "headwater-contract")
            .put("discovery.type", "single-node")
            .put("http.host", "127.0.0.1")
            .put("http.port", "0")
            .put("transport.host", "127.0.0.1")
            .put("transport.port", "0")
            .put("cluster.routing.allocation.disk.threshold_enabled", false)
            .build();
        var environment = InternalSettingsPreparer.prepareEnvironment(
            asked, Map.of(), work.resolve("config"), () -> "test");
        LogConfigurator.configure(environment, true);
        var plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(environment.modulesDir(), true),
            PluginsLoader.loadPluginsBundles(environment.pluginsDir(), true),
            Map.of());
        try (var node = new Node(environment, plugins)) {
            node.start();
            var address = node.injector().getInstance(HttpServerTransport.class).boundAddress().publishAddress();
            out.println("PORT " + address.getPort());
            while (System.in.read() != -1) { }
        }
        System.exit(0);
    }
}

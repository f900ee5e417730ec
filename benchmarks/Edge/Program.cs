using System.Globalization;
using System.Net;
using Strata.Edge;
using Strata.Edge.Benchmarks;
using Strata.Edge.Routing;

// Without arguments: the comparison. "serve PORT ORIGIN [inline]": the edge under test, as a process of its own.
if (args is ["serve", var port, var origin, ..])
{
    await ServeAsync(
        int.Parse(port, CultureInfo.InvariantCulture), int.Parse(origin, CultureInfo.InvariantCulture), args.Contains("inline"));
    return 0;
}
return await Comparison.RunAsync(args);

static Task ServeAsync(int port, int origin, bool inline)
{
    const int hosts = 1000;
    var routes = Enumerable.Range(0, hosts).Select(i => new RouteRecord
    {
        Id = $"rou_{i}", Org = "org", Host = i == 0 ? Comparison.Host : $"host-{i}.localhost", DeploymentName = $"d{i}",
        Targets = [new TargetRecord("rel", 1)],
    });
    // The same origin under two ids, so that the choice of two is made.
    var instances = new[] { new InstanceRecord("ins_1", "org", "rel", "127.0.0.1", origin),
        new InstanceRecord("ins_2", "org", "rel", "127.0.0.1", origin) };
    var table = new TableSnapshot([.. routes], instances);
    var options = new EdgeOptions { Http = [new IPEndPoint(IPAddress.Loopback, port)], Admin = null, Inline = inline };
    return EdgeProcess.RunAsync(options, started: edge =>
    {
        edge.Apply(table);
        Console.WriteLine("ready");
    });
}

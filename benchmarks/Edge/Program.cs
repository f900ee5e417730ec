using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Strata.Core;
using Strata.Edge;
using Strata.Edge.Benchmarks;
using Strata.Edge.Routing;
using Strata.Edge.Tls;

// Without arguments: the comparison. "serve PORT ORIGIN MODE [PEM]": the edge under test, as a process of its own.
if (args is ["serve", var port, var origin, ..])
{
    await ServeAsync(
        int.Parse(port, CultureInfo.InvariantCulture), int.Parse(origin, CultureInfo.InvariantCulture), args.Contains("inline"),
        args.Length > 4 ? args[4] : null);
    return 0;
}
return await Comparison.RunAsync(args);

static async Task ServeAsync(int port, int origin, bool inline, string? pem)
{
    const int hosts = 1000;
    var routes = Enumerable.Range(0, hosts).Select(i => new RouteRecord
    {
        Id = $"rou_{i}", Org = "org", Host = i > 0 ? $"host-{i}.localhost" : pem is null ? Comparison.Host : Comparison.SecureHost,
        DeploymentName = $"d{i}",
        Compress = true, // as routes do by default
        Targets = [new TargetRecord("rel", 1)],
    });
    // The same origin under two ids, so that the choice of two is made.
    var instances = new[] { new InstanceRecord("ins_1", "org", "rel", "127.0.0.1", origin),
        new InstanceRecord("ins_2", "org", "rel", "127.0.0.1", origin) };
    var table = new TableSnapshot([.. routes], instances);
    var listen = new IPEndPoint(IPAddress.Loopback, port);
    var options = new EdgeOptions { Http = pem is null ? [listen] : [], Admin = null, Inline = inline };
    if (pem is not null)
    {
        var folder = $"{pem}-{(inline ? "inline" : "default")}";
        using var certificate = X509Certificate2.CreateFromPemFile(pem);
        var fingerprint = Fingerprint.Of(certificate);
        Directory.CreateDirectory(Path.Combine(folder, "certificates"));
        File.Copy(pem, Path.Combine(folder, "certificates", $"crt_1.{fingerprint}.pem"));
        options = options with { Https = [listen], DataFolder = folder };
        table = table with
        {
            Certificates = [new CertificateRecord("crt_1", "org", null, Comparison.SecureHost, fingerprint, false, true, null)],
        };
    }
    await EdgeProcess.RunAsync(options, started: edge =>
    {
        edge.Apply(table);
        Console.WriteLine("ready");
    });
}

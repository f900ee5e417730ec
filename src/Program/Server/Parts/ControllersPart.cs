using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Strata.Resources.Controllers;
using Strata.Resources.Informers;

namespace Strata.Server.Parts;

/// <summary>Reports the health of the controllers, which run with the API's services.</summary>
internal sealed class ControllersPart(ApiPart api) : IPart
{
    private IControllerReports? reports;
    private InformerHub? informers;

    public string Name => "controllers";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        reports = api.Services.GetRequiredService<IControllerReports>();
        informers = api.Services.GetRequiredService<InformerHub>();
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// A resource that cannot be reconciled is reported, and is not an error of the server. The reason is not: it may be text of one
    /// organization, and everyone can read the status. The log has it.
    /// </summary>
    public PartHealth Health()
    {
        if (reports is null) return new PartHealth(false, "have not started");
        var controllers = reports.Report();
        var failing = controllers.Where(c => c.Failing > 0).Select(c => $"{c.Name} fails on {c.Failing}, the log says why").ToList();
        var active = $"{controllers.Count(c => c.IsActive)} of {controllers.Count} work here; {Views(informers!)}";
        return new PartHealth(true, failing.Count == 0 ? active : $"{active}; {string.Join("; ", failing)}");
    }

    private static string Views(InformerHub informers)
    {
        var listing = informers.All.Where(i => !i.IsSynced).Select(i => i.Kind.Plural).ToList();
        if (listing.Count > 0) return $"their view lists {string.Join(", ", listing)}";
        var behind = informers.Behind is > 0 and var logs ? $", {logs} logs behind" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"their view holds {informers.All.Sum(i => (long)i.Count)} resources in {informers.All.Sum(i => i.Bytes) / 1048576.0:0.0} MB{behind}");
    }
}

using Microsoft.Extensions.DependencyInjection;
using Strata.Resources.Controllers;

namespace Strata.Server.Parts;

/// <summary>Tells how the controllers are, which run with the API's services.</summary>
internal sealed class ControllersPart(ApiPart api) : IPart
{
    private IControllerReports? reports;

    public string Name => "controllers";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        reports = api.Services.GetRequiredService<IControllerReports>();
        return Task.CompletedTask;
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// A resource that cannot be brought to where it should be is told, and is no fault of the server's. Not why: that may be text of one organization,
    /// and all read the status. The log has it.
    /// </summary>
    public PartHealth Health()
    {
        if (reports is null) return new PartHealth(false, "have not started");
        var controllers = reports.Report();
        var failing = controllers.Where(c => c.Failing > 0).Select(c => $"{c.Name} fails on {c.Failing}, the log says why").ToList();
        var active = $"{controllers.Count(c => c.IsActive)} of {controllers.Count} work here";
        return new PartHealth(true, failing.Count == 0 ? active : $"{active}; {string.Join("; ", failing)}");
    }
}

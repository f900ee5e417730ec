using Microsoft.Extensions.Logging;
using Strata.Core.Background;
using Strata.Edge;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>The edge inside the server's process. It speaks to the API over HTTP like any other edge.</summary>
internal sealed class EdgePart(ServerOptions options, Supervisor supervisor, ILoggerFactory loggers, TimeProvider time) : IPart
{
    private EdgeServer? edge;

    public string Name => "edge";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var left = new EdgeChild(options, time);
        await left.EndAsync(left.Left(), cancellationToken); // the last server ran in the inline mode, and died
        edge = new EdgeServer(EdgeSettings.Of(options, options.Home.EdgeTokenFile, token: null, inline: false), loggers, time, supervisor);
        await edge.StartAsync(cancellationToken);
    }

    public Task StopAsync(bool keepWork, CancellationToken cancellationToken) => edge?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    public PartHealth Health() => edge switch
    {
        null => new PartHealth(false, "has not started"),
        { Ready.IsCompleted: false } => new PartHealth(false, "has no route table yet"),
        _ => new PartHealth(true, $"serves applications at {options.EdgeUrls}, health at http://{edge.AdminEndPoint}/readyz"),
    };
}

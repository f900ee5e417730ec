using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Nodes.Agent;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>The node agent of this machine. It speaks to the API over HTTP like any other agent.</summary>
internal sealed class AgentPart(ServerOptions options, MachinePart machine, Func<string> token, ILoggerFactory loggers, TimeProvider time) : IPart
{
    private readonly CancellationTokenSource stopping = new();
    private StrataClient? client;
    private Task running = Task.CompletedTask;

    public string Name => "agent";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        client = new StrataClient(options.ApiUrl, token(), new ClientOptions { UserAgent = "strata-agent", Time = time });
        var agent = new NodeAgent(client, machine.Machine!, new NodeAgentOptions { Name = NodeName.OfThisMachine(), Version = ProgramVersion.Text }, time, loggers);
        running = Task.Run(() => agent.RunAsync(stopping.Token), CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        client?.Dispose();
    }

    public PartHealth Health() => running.IsCompleted ? new PartHealth(false, $"has ended; see {options.Home.LogFile}") : new PartHealth(true, $"runs instances as node {NodeName.OfThisMachine()}");
}

using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core.Background;
using Strata.Nodes.Agent;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>The node agent of this machine. It speaks to the API over HTTP like any other agent.</summary>
internal sealed class AgentPart(ServerOptions options, string nodeName, MachinePart machine, Func<string> token, Supervisor supervisor, ILoggerFactory loggers, TimeProvider time) : IPart
{
    private StrataClient? client;
    private NodeAgent? agent;
    private SupervisedWork? work;

    public string Name => "agent";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        client = new StrataClient(options.ApiUrl, token(), new ClientOptions { UserAgent = "strata-agent", Time = time });
        agent = new NodeAgent(client, machine.Machine!, new NodeAgentOptions { Name = nodeName, Version = ProgramVersion.Text }, supervisor, time, loggers);
        work = supervisor.Start(Name, agent.RunAsync);
        return Task.CompletedTask;
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (work is not null) await work.StopAsync(cancellationToken);
        client?.Dispose();
    }

    public PartHealth Health() => agent is { LastBeatError: { } error }
        ? new PartHealth(false, $"cannot reach the API as node {nodeName}: {error}")
        : PartHealth.Of(work, $"runs instances as node {nodeName}");
}

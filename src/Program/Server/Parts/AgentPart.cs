using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core.Background;
using Strata.Agent;
using Strata.Server.Options;

namespace Strata.Server.Parts;

/// <summary>
/// The node agent of this machine. It calls the API over HTTP like any other agent. When its node is deleted, the machine is registered
/// again and a new agent takes over.
/// </summary>
/// <param name="enrol">Registers this machine's node where it is missing; the agent's file has a token that is bound to it then.</param>
internal sealed class AgentPart(
    ServerOptions options, string nodeName, MachinePart machine, Func<CancellationToken, Task> enrol, Supervisor supervisor,
    ILoggerFactory loggers, TimeProvider time) : IPart
{
    private NodeAgent? agent;
    private SupervisedWork? work;

    public string Name => "agent";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        work = supervisor.Start(Name, RunAsync);
        return Task.CompletedTask;
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var settings = new NodeAgentOptions { Name = nodeName, Version = ProgramVersion.Text };
        while (!cancellationToken.IsCancellationRequested)
        {
            await enrol(cancellationToken);
            var wire = new ClientOptions { UserAgent = "strata-agent", Time = time, TokenFile = options.Home.AgentTokenFile };
            using var client = new StrataClient(options.ApiUrl, token: null, wire);
            agent = new NodeAgent(client, machine.Machine!, settings, supervisor, time, loggers);
            await agent.RunAsync(cancellationToken);
        }
    }

    public async Task StopAsync(bool keepWork, CancellationToken cancellationToken)
    {
        if (!keepWork && agent is not null) await agent.LeaveAsync(cancellationToken);
        if (work is not null) await work.StopAsync(cancellationToken);
    }

    public PartHealth Health() => agent is { LastBeatError: { } error }
        ? new PartHealth(false, $"cannot reach the API as node {nodeName}: {error}")
        : PartHealth.Of(work, $"runs instances as node {nodeName}");
}

using Microsoft.Extensions.Logging;
using Strata.Client;
using Strata.Core;
using Strata.Core.Background;
using Strata.Agent.Images;
using Strata.Runtimes;

namespace Strata.Agent.Hooks;

/// <summary>
/// The hooks in their order:
/// <list type="number">
/// <item>image: the application's files are on this machine;</item>
/// <item>variables: values stand in the place of references to secrets;</item>
/// <item>token: the instance has a token of its own, which is renewed while it runs;</item>
/// <item>environment: PORT, HOST, STRATA_…;</item>
/// <item>logs: its output is shipped;</item>
/// <item>run: it runs; at the end SIGTERM, grace, SIGKILL, and its remains are removed.</item>
/// </list>
/// </summary>
internal sealed class InstanceHooks
{
    private readonly IReadOnlyList<IInstanceHook> inOrder;

    public InstanceHooks(
        StrataClient client, NodeMachine machine, LayerCache layers, Supervisor supervisor, TimeProvider time, ILogger logger) => inOrder =
    [
        new ImageHook(layers),
        new VariablesHook(client), // before a token is made, because it may be tried again for long
        new TokenHook(client, supervisor, time, logger),
        new EnvironmentHook(client.Address, machine.Relay),
        new LogsHook(client, supervisor, time),
        new RunHook(machine.Runtime, time),
    ];

    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var hook in inOrder)
            {
                var started = await hook.StartAsync(context, cancellationToken);
                if (!started.IsOk) return started;
            }
            return default(Done);
        }
        finally
        {
            context.Variables = context.Spec.Env; // a run has its secrets: this process need not keep them
        }
    }

    public async Task ResumeAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        foreach (var hook in inOrder) await hook.ResumeAsync(context, cancellationToken);
    }

    public async Task StopAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        foreach (var hook in inOrder.Reverse()) await hook.StopAsync(context, cancellationToken);
    }
}

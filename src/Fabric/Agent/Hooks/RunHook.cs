using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Hooks;

/// <summary>Starts the instance; ends it by SIGTERM, its grace, SIGKILL.</summary>
internal sealed class RunHook(IRuntime runtime, TimeProvider time) : IInstanceHook
{
    public async Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        await runtime.RemoveAsync(context.Id, cancellationToken);
        var started = await runtime.StartAsync(Request(context), cancellationToken);
        return started.IsOk ? default(Done) : started.Error;
    }

    public async Task StopAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        if (runtime.Find(context.Id) is not { } run) return;
        if (run.IsRunning) await EndAsync(context, cancellationToken);
        context.ExitCode = runtime.Find(context.Id)?.Exit?.Code;
        await runtime.RemoveAsync(context.Id, cancellationToken);
    }

    private async Task EndAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        await runtime.TerminateAsync(context.Id, cancellationToken);
        try
        {
            await runtime.WaitAsync(context.Id, cancellationToken)
                .WaitAsync(TimeSpan.FromSeconds(context.Spec.StopGraceSeconds), time, cancellationToken);
        }
        catch (TimeoutException)
        {
            context.StopMessage = AgentMessages.Killed(context.Spec.StopGraceSeconds);
            await runtime.KillAsync(context.Id, cancellationToken);
            await runtime.WaitAsync(context.Id, cancellationToken);
        }
    }

    private static RunRequest Request(InstanceContext context) => new()
    {
        Id = context.Id,
        Hostname = context.Instance.Name,
        Command = context.Spec.Command,
        Env = context.Variables,
        AppFolder = context.AppFolder,
        RootWorkFolder = context.RootWorkFolder,
        LogFile = context.LogFile,
        Port = context.Spec.Port,
        Endpoint = context.PlatformEnv,
        MemoryBytes = context.Spec.MemoryBytes,
        Cpu = context.Spec.Cpu,
        PidsMax = context.Spec.PidsMax,
    };
}

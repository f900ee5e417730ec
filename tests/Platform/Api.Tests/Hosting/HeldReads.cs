using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Strata.Entities.Log;

namespace Strata.Api.Tests.Hosting;

/// <summary>A log whose reads can be held back after they have read: what they return is what was so then.</summary>
public class HeldReads : DispatchProxy
{
    private IEntityLog log = null!;
    private volatile TaskCompletionSource? gate;
    private int held;

    public static (IEntityLog Log, HeldReads Reads) Over(IEntityLog log)
    {
        var proxy = Create<IEntityLog, HeldReads>();
        var reads = (HeldReads)proxy;
        reads.log = log;
        return (proxy, reads);
    }

    /// <summary>Holds every read from now on.</summary>
    public void Hold() => (held, gate) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public Task HeldAsync() => Wait.UntilAsync(() => Volatile.Read(ref held) > 0, "a read is held back");

    public void Release()
    {
        var open = gate!;
        gate = null;
        open.SetResult();
    }

    [SuppressMessage(
        "Reliability", "CA2012:Use ValueTasks correctly", Justification = "A proxy returns it boxed; its caller awaits it once.")]
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var result = targetMethod!.Invoke(log, args);
        if (gate is not { } closed) return result;
        return result switch
        {
            ValueTask<EntityRevision?> => HoldAsync<EntityRevision?>(result, closed.Task),
            ValueTask<RevisionPage> => HoldAsync<RevisionPage>(result, closed.Task),
            _ => result,
        };
    }

    private async ValueTask<T> HoldAsync<T>(object read, Task open)
    {
        var found = await (ValueTask<T>)read;
        Interlocked.Increment(ref held);
        await open;
        return found;
    }
}

using System.Reflection;
using Strata.Entities.Log;

namespace Strata.Authz.Benchmarks;

/// <summary>A log that counts what it is asked: each call is at least one query of the database.</summary>
public class CountedLog : DispatchProxy
{
    private IEntityLog log = null!;
    private long calls;

    public long Calls => Volatile.Read(ref calls);

    public static (IEntityLog Log, CountedLog Counted) Over(IEntityLog log)
    {
        var proxy = Create<IEntityLog, CountedLog>();
        var counted = (CountedLog)proxy;
        counted.log = log;
        return (proxy, counted);
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Interlocked.Increment(ref calls);
        return targetMethod!.Invoke(log, args);
    }
}

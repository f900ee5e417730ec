using System.Reflection;
using Strata.Entities.Log;

namespace Strata.Deployments.Tests.Support;

/// <summary>A log that counts what is read of it, and passes everything on.</summary>
public class ReadCounter : DispatchProxy
{
    private IEntityLog inner = null!;
    private int reads;

    /// <summary>All but appends and <see cref="IEntityLog.ExtentAsync"/>, which is one row whatever there is.</summary>
    public int Reads => Volatile.Read(ref reads);

    public static IEntityLog Over(IEntityLog log)
    {
        var proxy = Create<IEntityLog, ReadCounter>();
        ((ReadCounter)(object)proxy).inner = log;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (targetMethod!.Name is not (nameof(IEntityLog.AppendAsync) or nameof(IEntityLog.ExtentAsync) or nameof(IEntityLog.OnCommit)))
            Interlocked.Increment(ref reads);
        return targetMethod.Invoke(inner, args);
    }
}

using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace Strata.Storage;

/// <summary>
/// The subscribers to commits or to lines. Safe for concurrent use; one that throws is logged and does not affect the others.
/// </summary>
internal sealed class Notifier<T>(ILogger logger)
{
    private ImmutableArray<Subscription> subscriptions = [];

    public IDisposable Add(Action<T> wake)
    {
        var subscription = new Subscription(this, wake);
        ImmutableInterlocked.Update(ref subscriptions, static (all, one) => all.Add(one), subscription);
        return subscription;
    }

    public void Wake(T what)
    {
        foreach (var subscription in subscriptions)
        {
            try
            {
                subscription.Action(what);
            }
            catch (Exception e)
            {
                NotifierLog.CallbackFailed(logger, e);
            }
        }
    }

    private void Remove(Subscription subscription) =>
        ImmutableInterlocked.Update(ref subscriptions, static (all, one) => all.Remove(one), subscription);

    private sealed class Subscription(Notifier<T> owner, Action<T> action) : IDisposable
    {
        public Action<T> Action => action;

        public void Dispose() => owner.Remove(this);
    }
}

internal static partial class NotifierLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "A callback of a commit or of log lines failed")]
    public static partial void CallbackFailed(ILogger logger, Exception e);
}

using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Strata.Entities.Log;

namespace Strata.Storage;

/// <summary>Those who asked to be told of commits. Safe for concurrent use; one that throws is logged and does not disturb the others.</summary>
internal sealed partial class Wakes(ILogger logger)
{
    private ImmutableArray<Subscription> subscriptions = [];

    public IDisposable Add(Action<TenantHead> wake)
    {
        var subscription = new Subscription(this, wake);
        ImmutableInterlocked.Update(ref subscriptions, static (all, one) => all.Add(one), subscription);
        return subscription;
    }

    public void Wake(TenantHead head)
    {
        foreach (var subscription in subscriptions)
        {
            try
            {
                subscription.Action(head);
            }
            catch (Exception e)
            {
                CallbackFailed(e);
            }
        }
    }

    private void Remove(Subscription subscription) =>
        ImmutableInterlocked.Update(ref subscriptions, static (all, one) => all.Remove(one), subscription);

    [LoggerMessage(Level = LogLevel.Error, Message = "A commit callback failed")]
    private partial void CallbackFailed(Exception e);

    private sealed class Subscription(Wakes owner, Action<TenantHead> action) : IDisposable
    {
        public Action<TenantHead> Action => action;

        public void Dispose() => owner.Remove(this);
    }
}

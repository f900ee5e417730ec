using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Strata.Core;

namespace Strata.Client;

public sealed partial class ResourceClient<TSpec, TStatus>
{
    /// <summary>
    /// One watch on one connection: every resource there is, then Ready, then each change. It ends after Reset (the server dropped a reader
    /// that was too slow) and throws when the connection breaks or stays silent. <see cref="FollowAsync"/> continues by itself.
    /// </summary>
    public async IAsyncEnumerable<WatchEvent<TSpec, TStatus>> WatchAsync(
        ResourceFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var path = (filter ?? ResourceFilter.All).ToPath(plural, cursor: null, watch: true);
        await foreach (var message in transport.EventsAsync(path, cancellationToken))
        {
            if (ToEvent(message) is { } received) yield return received;
        }
    }

    /// <summary>
    /// A watch that never ends: when the connection breaks it reconnects, with back-off, and the list starts over. Each connection begins
    /// with Reset, then everything there is, then Ready; so a follower that keeps a copy removes at Ready what was not sent since Reset.
    /// </summary>
    /// <param name="onError">Called for each broken connection, before the pause.</param>
    /// <exception cref="StrataException">Trying again cannot help: the filter or the token is refused.</exception>
    public async IAsyncEnumerable<WatchEvent<TSpec, TStatus>> FollowAsync(
        ResourceFilter? filter = null, Action<Error>? onError = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var attempt = 0; ; attempt++)
        {
            if (attempt > 0) await Task.Delay(transport.Options.PauseBefore(attempt), transport.Options.Time, cancellationToken);
            await using var events = WatchAsync(filter, cancellationToken).GetAsyncEnumerator(cancellationToken);
            var begun = false;
            while (await NextAsync(events, onError) is { } received)
            {
                if (!begun) yield return new WatchEvent<TSpec, TStatus>(WatchEventType.Reset);
                begun = true;
                if (received.Type == WatchEventType.Reset) break;
                if (received.Type == WatchEventType.Ready) attempt = 0;
                yield return received;
            }
        }
    }

    /// <summary>The next event, or null where this connection has ended.</summary>
    private static async ValueTask<WatchEvent<TSpec, TStatus>?> NextAsync(
        IAsyncEnumerator<WatchEvent<TSpec, TStatus>> events, Action<Error>? onError)
    {
        try
        {
            return await events.MoveNextAsync() ? events.Current : null;
        }
        catch (StrataException e) when (ClientErrors.MayPass(e.Error))
        {
            onError?.Invoke(e.Error);
            return null;
        }
    }

    private WatchEvent<TSpec, TStatus>? ToEvent(SseItem<byte[]> message) => message.EventType switch
    {
        "item" => new(WatchEventType.Item, Read(message.Data)),
        "ready" => new(WatchEventType.Ready),
        "reset" => new(WatchEventType.Reset),
        _ => null,
    };
}

using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Compute.Peers;

/// <summary>
/// What the other servers report of an organization's members and calls: the same requests, passed on with the caller's rights and answered
/// there
/// of that server alone. Safe for concurrent use.
/// </summary>
internal sealed class PeerReports(PeerClient client, PeerFollowing following, TimeProvider time)
{
    private const int ListBytesMax = 4 << 20;
    private const string EventPrefix = "event: call";
    private const string DataPrefix = "data: ";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>A list of each other server; null of one that does not answer.</summary>
    public async Task<IReadOnlyList<T?>> ListsAsync<T>(HttpContext http, string path) where T : class =>
        await Task.WhenAll(client.Directory.Others.Select(p => ListAsync<T>(p, http.GetPrincipal(), path, http.RequestAborted)));

    private async Task<T?> ListAsync<T>(PeerServer peer, Principal principal, string path,
        CancellationToken cancellationToken) where T : class
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            var sent = await client.SendAsync(peer, "GET", path, principal, null, [], either.Token);
            if (!sent.TryGet(out var answer, out _)) return null;
            using (answer)
                return (await answer.ReadAsync(ListBytesMax, either.Token)).TryGet(out var body, out _)
                    ? JsonSerializer.Deserialize(body, WireJson.Of<T>())
                    : null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Until cancelled: each call of the other servers as it ends, as JSON.</summary>
    public Task WatchAsync(Principal principal, string path, Action<string> told, CancellationToken cancellationToken) =>
        following.RunAsync((peer, stop) => WatchAsync(peer, principal, path, told, stop), cancellationToken);

    private async Task WatchAsync(PeerServer peer, Principal principal, string path, Action<string> told,
        CancellationToken cancellationToken)
    {
        var sent = await client.SendAsync(peer, "GET", path, principal, null, [], cancellationToken);
        if (!sent.TryGet(out var answer, out _)) return;
        using (answer)
        {
            if (!answer.Response.IsSuccessStatusCode) return;
            using var lines = new StreamReader(await answer.Response.Content.ReadAsStreamAsync(cancellationToken));
            for (var isCall = false; await lines.ReadLineAsync(cancellationToken) is { } line; isCall = line == EventPrefix)
            {
                if (isCall && line.StartsWith(DataPrefix, StringComparison.Ordinal)) told(line[DataPrefix.Length..]);
            }
        }
    }
}

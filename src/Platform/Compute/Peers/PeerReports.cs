using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Api.Auth;
using Strata.Api.Peers;
using Strata.Compute.Members;
using Strata.Core;
using Strata.Resources.Servers;

namespace Strata.Compute.Peers;

/// <summary>
/// What the other servers report of an organization's members and calls: the same requests, passed on with the caller's rights and answered
/// there of that server alone. Safe for concurrent use.
/// </summary>
internal sealed partial class PeerReports(PeerClient client, PeerFollowing following, TimeProvider time, ILogger<PeerReports> log)
{
    private const int ListBytesMax = 4 << 20;

    /// <summary>Of a line about a call: two documents (<see cref="FinishedCall.DocumentBytesMax"/>), and names.</summary>
    private const int CallBytesMax = 64 << 10;

    private static readonly JsonDocumentOptions Reading = new() { MaxDepth = JsonGuard.DepthMax + 8 };

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
        catch (JsonException e)
        {
            LogUnreadable(e, peer.Name, path);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>
    /// Until cancelled: each call of the other servers as it ends, as JSON. The caller keeps checking the principal's token, and cancels
    /// when it is no longer valid.
    /// </summary>
    public Task WatchAsync(Principal principal, string path, Action<byte[]> received, CancellationToken cancellationToken) =>
        following.RunAsync((peer, stop) => WatchAsync(peer, principal, path, received, stop), cancellationToken);

    private async Task WatchAsync(PeerServer peer, Principal principal, string path, Action<byte[]> received,
        CancellationToken cancellationToken)
    {
        var hasSkipped = false;
        var sent = await client.OpenCheckedStreamAsync(peer, path, principal, cancellationToken);
        if (!sent.TryGet(out var answer, out _)) return;
        using (answer)
        {
            if (!answer.Response.IsSuccessStatusCode) return;
            var from = await answer.Response.Content.ReadAsStreamAsync(cancellationToken);
            var isCall = false;
            await foreach (var line in PeerLines.ReadAsync(from, CallBytesMax, Skipped, cancellationToken))
            {
                if (isCall && line.AsSpan().StartsWith("data: "u8))
                {
                    if (IsJson(line.AsMemory("data: "u8.Length))) received(line["data: "u8.Length..]);
                    else Skipped();
                }
                isCall = line.AsSpan().SequenceEqual("event: call"u8);
            }
        }

        void Skipped()
        {
            if (!hasSkipped) LogSkipped(peer.Name); // once for a stream
            hasSkipped = true;
        }
    }

    private static bool IsJson(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, Reading);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}

using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Peers;
using Strata.Compute.Dispatch;
using Strata.Compute.Members;
using Strata.Core;

namespace Strata.Compute.Peers;

/// <summary>
/// What the other servers ask of this one: its members, as a stream of changes, and calls to them. No user's token comes through.
/// </summary>
internal sealed class PeerEndpoints(MemberDirectory directory, LocalCalls calls, TimeProvider time, IHostApplicationLifetime lifetime)
{
    public const string MembersPath = "/internal/v1/compute/members";

    /// <summary>Joins and leaves at once are told together.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);

    /// <summary>How often the calls in flight are told, where they have changed.</summary>
    private static readonly TimeSpan LoadEvery = TimeSpan.FromSeconds(1);

    private static readonly Error NoCall = new(
        ErrorKind.Invalid, "BAD_REQUEST", "The call of another server cannot be read.", "Run the same version of Strata on all servers.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(PeerCalls.Path, AnswerAsync).ForPeersOnly();
        routes.MapGet(MembersPath, TellAsync).ForPeersOnly();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        var outcome = await AskAsync(http);
        if (!outcome.TryGet(out var answer, out var error))
        {
            await error.ToResult().ExecuteAsync(http);
            return;
        }
        var body = PeerCallText.Write(answer);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    private async Task<Result<MemberAnswer>> AskAsync(HttpContext http)
    {
        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = PeerCalls.BytesMax;
        using var body = new MemoryStream((int)Math.Clamp(http.Request.ContentLength ?? 0, 0, PeerCalls.BytesMax));
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        if (PeerCallText.Read(http.GetPrincipal().Tenant, body.GetBuffer().AsMemory(0, (int)body.Length)) is not { } call) return NoCall;
        return await calls.TakeAndAskAsync(call, http.RequestAborted);
    }

    /// <summary>First all there is, then what changes, each organization in a line of its own.</summary>
    private async Task TellAsync(HttpContext http)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        var told = new Dictionary<TenantId, byte[]>();
        http.Response.ContentType = "application/x-ndjson";
        await http.Response.StartAsync(ending.Token);
        try
        {
            while (true)
            {
                var change = directory.NextChange;
                var present = directory.Groups();
                foreach (var gone in told.Keys.Where(t => !present.ContainsKey(t)).ToList()) await WriteAsync(http, told, gone, []);
                foreach (var (tenant, groups) in present) await WriteAsync(http, told, tenant, groups);
                await http.Response.BodyWriter.FlushAsync(ending.Token);
                await Task.WhenAny(change, Task.Delay(LoadEvery, time, ending.Token));
                await Task.Delay(Gather, time, ending.Token);
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The other server left, or this one stops.
        }
    }

    private static async Task WriteAsync(HttpContext http, Dictionary<TenantId, byte[]> told, TenantId tenant,
        IReadOnlyList<MemberGroup> groups)
    {
        var line = MemberGroupsLine.Write(tenant, groups);
        if (told.TryGetValue(tenant, out var last) && last.AsSpan().SequenceEqual(line)) return;
        if (groups.Count == 0) told.Remove(tenant);
        else told[tenant] = line;
        http.Response.BodyWriter.Write(line);
        http.Response.BodyWriter.Write("\n"u8);
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }
}

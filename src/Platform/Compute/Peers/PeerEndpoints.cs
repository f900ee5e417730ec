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
/// What the other servers ask of this one: its members, as a stream of changes, and calls to them. A user's token gives no access.
/// </summary>
internal sealed class PeerEndpoints(MemberAnnouncements announcements, LocalCalls calls, IHostApplicationLifetime lifetime)
{
    public const string MembersPath = "/internal/v1/compute/members";

    private static readonly Error NoCall = new(
        ErrorKind.Invalid, "BAD_REQUEST", "The call of another server cannot be read.", "Run the same version of Strata on all servers.");

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(PeerCalls.Path, AnswerAsync).ForPeersOnly();
        routes.MapGet(MembersPath, AnnounceAsync).ForPeersOnly();
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
        http.Response.ContentType = PeerCallText.MediaType;
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    /// <summary>The body counts against the memory for bodies of the organization that the token names, as any body does.</summary>
    /// <exception cref="StrataException">SERVER_BUSY where that memory is in use.</exception>
    internal async Task<Result<MemberAnswer>> AskAsync(HttpContext http)
    {
        const int max = PeerCalls.BytesMax;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit) limit.MaxRequestBodySize = max + 1;
        var read = await new ApiCall(http).ReadBodyAsync(max, PeerCallText.MediaType);
        if (!read.TryGet(out var body, out var error)) return error;
        if (PeerCallText.Read(http.GetPrincipal().Tenant, body) is not { } call) return NoCall;
        return await calls.TakeAndAskAsync(call, http.RequestAborted);
    }

    private async Task AnnounceAsync(HttpContext http)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, lifetime.ApplicationStopping);
        http.Response.ContentType = "application/x-ndjson";
        await http.Response.StartAsync(ending.Token);
        try
        {
            await announcements.WriteAsync(http.Response.BodyWriter, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The other server left, or this one stops.
        }
    }
}

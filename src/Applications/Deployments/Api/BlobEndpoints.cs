using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Blobs;
using Strata.Core;

namespace Strata.Deployments.Api;

/// <summary>Blobs over HTTP: PUT streams and verifies, GET serves with ranges, HEAD checks whether a blob exists.</summary>
internal sealed class BlobEndpoints(IBlobStore blobs, ResourceAccess access, PartBlobs parts)
{
    private const string Path = "/api/v1/blobs/{digest}";
    private const string MediaType = "application/octet-stream";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapApi("PUT", Path, "blobs.write", Put, PutAsync).InProject();
        routes.MapApi("GET", Path, "blobs.read", Get, GetAsync);
        routes.MapApi("HEAD", Path, "blobs.read", Head, HeadAsync).InProject();
    }

    private async Task<Result<Answer>> PutAsync(ApiCall call)
    {
        if (!(await ReadAsync(call)).TryGet(out var target, out var error)) return error;
        if (call.Http.Request.ContentLength > blobs.BytesMax) return BlobErrors.TooLarge(blobs.BytesMax);
        if (call.Http.Request.Headers.ContentEncoding.Count > 0)
            return new Error(ErrorKind.UnsupportedMedia, "UNSUPPORTED_ENCODING", "A blob is sent as it is, without Content-Encoding.");
        if (call.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = blobs.BytesMax + 1;
        var put = await blobs.PutAsync(target.Tenant, target.Digest, call.Http.Request.Body, call.Aborted);
        if (put.IsOk && call.Principal.Project is { } project
            && await blobs.GrantAsync(target.Tenant, target.Digest, project, call.Aborted) is { Error: { } failed }) return failed;
        return put.Then<Answer>(x => Answer.Json(new BlobAnswer(x.Digest.ToString(), x.Bytes), StatusCodes.Status201Created));
    }

    private async Task<Result<Answer>> GetAsync(ApiCall call)
    {
        if (!(await ReadAsync(call)).TryGet(out var target, out var error)) return error;
        if (call.Principal.IsPlatform && !await parts.MayReadAsync(call.Principal, target.Tenant, target.Digest, call.Aborted))
            return BlobErrors.NotFound(target.Digest);
        if (!(await BlobStream.OpenAsync(blobs, target.Tenant, target.Digest, call.Aborted)).TryGet(out var content, out error))
            return error;
        var tag = new EntityTagHeaderValue($"\"{target.Digest}\"");
        return Answer.Stream(http => Results.Stream(content, MediaType, entityTag: tag, enableRangeProcessing: true).ExecuteAsync(http));
    }

    private async Task<Result<Answer>> HeadAsync(ApiCall call)
    {
        if (!(await ReadAsync(call)).TryGet(out var target, out var error)) return error;
        // A project must not learn whether another one has a blob: it uploads its own copy, which takes no space if the blob exists.
        if (call.Principal.Project is { } project)
        {
            if (!(await blobs.IsGrantedAsync(target.Tenant, target.Digest, project, call.Aborted)).TryGet(out var granted, out error))
                return error;
            if (!granted) return BlobErrors.NotFound(target.Digest);
        }
        if (!(await blobs.RenewAsync(target.Tenant, target.Digest, call.Aborted)).TryGet(out var blob, out error)) return error;
        return Answer.Stream(http =>
        {
            http.Response.ContentType = MediaType;
            http.Response.ContentLength = blob.Bytes;
            http.Response.Headers.ETag = $"\"{blob.Digest}\"";
            http.Response.Headers.AcceptRanges = "bytes";
            return Task.CompletedTask;
        });
    }

    private async Task<Result<(TenantId Tenant, Digest Digest)>> ReadAsync(ApiCall call)
    {
        if (!Digest.TryParse(call.Route("digest"), out var digest)) return BlobErrors.BadDigest(call.Route("digest"));
        if (!(await access.CallerOfAsync(call)).TryGet(out var caller, out var error)) return error;
        return (caller.Tenant, digest);
    }

    private sealed record BlobAnswer(string Digest, long Bytes);

    private static readonly Operation Put = new()
    {
        Id = "putBlob", Summary = "Stores bytes under their digest, sha256:HEX; a body with another digest is refused.", Tag = "blobs",
            Status = 201,
        Parameters = [ResourceAccess.Org], Repeatable = "The digest identifies the bytes, so a repeated put changes nothing.",
        Body = new Content([MediaType], Schemas.Text()), Answer = Content.Json(Schemas.Of(typeof(BlobAnswer))),
    };

    private static readonly Operation Get = new()
    {
        Id = "getBlob", Summary = "The bytes; ranges and If-None-Match are honoured.", Tag = "blobs", Parameters = [ResourceAccess.Org],
        Answer = new Content([MediaType], Schemas.Text()),
    };

    private static readonly Operation Head = new()
    {
        Id = "headBlob", Summary = "Whether the blob exists, and its size.", Tag = "blobs", Parameters = [ResourceAccess.Org],
    };
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Strata.Api.Auth;
using Strata.Api.Http;
using Strata.Api.Kinds;
using Strata.Api.OpenApi;
using Strata.Certificates.Issuing;
using Strata.Certificates.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Api;

/// <summary>What is more than a resource about certificates: bringing one's own, keys for edges, the authority's certificate.</summary>
internal sealed class CertificateEndpoints(
    ResourceStore<CertificateSpec, CertificateStatus> store, ResourceAccess access, InternalAuthority authority, SealedSecrets secrets,
    TimeProvider time)
{
    private const int BodyBytesMax = 256 * 1024;
    private const string One = "/api/v1/certificates/{nameOrId}";
    private const string Example = "-----BEGIN …";

    public void Map(IEndpointRouteBuilder routes)
    {
        var tag = CertificateKinds.Certificate.Plural;
        routes.MapApi("POST", One + "/install", CertificateKinds.Certificate.WritePermission, new Operation
        {
            Id = "installCertificate", Tag = tag,
            Summary = "Bring your own certificate, or a newer one, for a certificate with spec.own; the edges serve it at once.",
            Body = Content.Json(Schemas.Closed([("chain", Schemas.Text()), ("privateKey", Schemas.Text())], "chain", "privateKey"),
                example: new JsonObject { ["chain"] = Example, ["privateKey"] = Example }),
            Parameters = [ResourceAccess.Org],
            Answer = Content.Json(Schemas.Reference(KindSchemas.Resource(CertificateKinds.Certificate))),
            Repeatable = "The same certificate again changes nothing.",
        }, InstallAsync).InProject().DecidedByResource();
        routes.MapApi("POST", One + "/key", CertificateKinds.KeyPermission, new Operation
        {
            Id = "readCertificateKey", Tag = tag, Summary = "The certificate with its private key; for edges.",
            Parameters = [ResourceAccess.Org],
            Answer = Content.Json(Schemas.Members(
                [("fingerprint", Schemas.Text()), ("chain", Schemas.Text()), ("privateKey", Schemas.Text())],
                "fingerprint", "chain", "privateKey")),
            Repeatable = "It changes nothing.",
        }, ReadKeyAsync);
        routes.MapGet("/ca.pem", ReadAuthorityAsync).Open().WithMetadata(new Operation
        {
            Id = "readAuthority", Tag = tag,
            Summary = "The certificate of the cloud's own authority, in PEM; browsers and clients that install it trust local names.",
            Answer = new Content(["application/x-pem-file"], Schemas.Text()),
        });
    }

    private async Task<Result<Answer>> InstallAsync(ApiCall call)
    {
        if (!(await access.FindAsync(call, CertificateKinds.Certificate, CertificateKinds.Certificate.WritePermission)).TryGet(
            out var found, out var error)) return error;
        if (!(await ReadBodyAsync(call)).TryGet(out var sent, out error)) return error;
        // One that serves the API is taken away by no one else: its callers send their tokens there.
        if (store.ToResource(found.Revision).Spec.Api && !call.Principal.IsOperator) return ApiErrors.OperatorNeeded;
        var id = CertificateKinds.Certificate.IdOf(found.Revision.Id);
        var sealedKey = secrets.Seal(sent.PrivateKey, CertificateKinds.KeyContextOf(id));
        var changed = await store.ChangeAsync(found.Caller, id, Install, CertificateKinds.Issue, null, call.Aborted);
        return changed.TryGet(out var installed, out error) ? Answer.Json(json => ResourceJson.Write(json, Shown(installed)))
            : error == Same ? Answer.Json(json => ResourceJson.Write(json, Shown(store.ToResource(found.Revision)))) : error;

        Result<Resource<CertificateSpec, CertificateStatus>> Install(Resource<CertificateSpec, CertificateStatus> now)
        {
            if (!now.Spec.Own) return CertificateErrors.Issued(now.Name);
            if (now.Status.Fingerprint == sent.Fingerprint && OpenKey(now) is not null) return Same;
            return now with { Status = sent.ToStatus(issuer: null, isPublic: true, sealedKey, time.GetUtcNow()) };
        }
    }

    /// <summary>Ends a change that would change nothing; never leaves this class.</summary>
    private static readonly Error Same = new(ErrorKind.Conflict, CertificateErrors.InvalidCode, "It is there already.");

    private async Task<Result<Answer>> ReadKeyAsync(ApiCall call)
    {
        if (call.Principal is not { IsPlatform: true, Node: null }) return ApiErrors.Forbidden(CertificateKinds.KeyPermission);
        if (!(await access.FindAsync(call, CertificateKinds.Certificate, CertificateKinds.KeyPermission)).TryGet(
            out var found, out var error)) return error;
        var certificate = store.ToResource(found.Revision);
        if (certificate.Status is not { Chain: { } chain, Fingerprint: { } fingerprint, PrivateKey: not null })
            return CertificateErrors.NotReady;
        if (OpenKey(certificate) is not { } key) return CertificateErrors.KeyLost;
        call.Http.Response.Headers.CacheControl = "no-store";
        return Answer.Json(json =>
        {
            json.WriteStartObject();
            json.WriteString("fingerprint", fingerprint);
            json.WriteString("chain", chain);
            json.WriteString("privateKey", Pem.OfKey(Convert.FromBase64String(key)));
            json.WriteEndObject();
        });
    }

    private string? OpenKey(Resource<CertificateSpec, CertificateStatus> certificate) => certificate.Status.PrivateKey is { } box
        ? secrets.Open(box, CertificateKinds.KeyContextOf(certificate.Id)) : null;

    private async Task ReadAuthorityAsync(HttpContext http)
    {
        var pem = Encoding.ASCII.GetBytes(await authority.CertificateAsync(http.RequestAborted));
        http.Response.ContentType = "application/x-pem-file";
        http.Response.ContentLength = pem.Length;
        http.Response.Headers.ContentDisposition = "attachment; filename=\"strata-ca.pem\"";
        await http.Response.BodyWriter.WriteAsync(pem, http.RequestAborted);
    }

    private async ValueTask<Result<IssuedCertificate>> ReadBodyAsync(ApiCall call)
    {
        if (!(await call.ReadObjectAsync(BodyBytesMax, "application/json")).TryGet(out var body, out var error)) return error;
        using (body)
        {
            var members = body.RootElement.EnumerateObject().ToDictionary(m => m.Name, m => m.Value);
            if (members.Count != 2 || Text(members, "chain") is not { } chain || Text(members, "privateKey") is not { } key)
                return CertificateErrors.Invalid("The body has the members chain and privateKey, both texts, and no others.");
            return IssuedCertificate.Check(chain, key, time.GetUtcNow());
        }
    }

    private static string? Text(Dictionary<string, JsonElement> members, string name) =>
        members.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Resource<CertificateSpec, CertificateStatus> Shown(Resource<CertificateSpec, CertificateStatus> certificate) =>
        certificate with { Status = certificate.Status with { PrivateKey = null, Chain = null } };
}

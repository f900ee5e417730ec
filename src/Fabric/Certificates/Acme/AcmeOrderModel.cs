using Strata.Core;

namespace Strata.Certificates.Acme;

/// <summary>States of orders, authorizations and challenges (RFC 8555 section 7.1.6). A state that is not listed ends an order.</summary>
internal static class AcmeStatus
{
    public const string Pending = "pending";
    public const string Ready = "ready";
    public const string Processing = "processing";
    public const string Valid = "valid";
}

/// <summary>An order as the server shows it.</summary>
/// <param name="Authorizations">One for each name, at most <see cref="AuthorizationsMax"/>.</param>
/// <param name="Certificate">Not null where the status is valid.</param>
/// <param name="Problem">Why it failed; null where it has not, or the server did not say.</param>
internal sealed record AcmeOrderModel(
    string Status, IReadOnlyList<Uri> Authorizations, Uri Finalize, Uri? Certificate, AcmeProblem? Problem, TimeSpan? RetryAfter)
{
    public const int AuthorizationsMax = 200;

    public static Result<AcmeOrderModel> Read(AcmeReply reply)
    {
        if (!reply.Object().TryGet(out var json, out var error)) return error;
        var authorizations = json.Items("authorizations").Take(AuthorizationsMax + 1).Select(a => AcmeJson.LinkOf(a.AsText())).ToList();
        var certificate = json.Link("certificate");
        if (json.Text("status") is not { } status || json.Link("finalize") is not { } finalize
            || authorizations.Count is 0 or > AuthorizationsMax || authorizations.Contains(null)
            || (status == AcmeStatus.Valid && certificate is null))
            return AcmeErrors.InvalidAnswer(reply.Address, "the order lacks its status, authorizations, finalize or certificate");
        return new AcmeOrderModel(
            status, [.. authorizations.OfType<Uri>()], finalize, certificate, AcmeProblem.Read(json.Member("error")), reply.RetryAfter);
    }
}

/// <summary>Whether a name is proven, and how it can be.</summary>
/// <param name="Name">As it was ordered: with "*." where it is a wildcard.</param>
internal sealed record AcmeAuthorization(Uri Address, string Name, string Status, IReadOnlyList<AcmeOffer> Offers, TimeSpan? RetryAfter)
{
    private const int OffersMax = 20;

    /// <summary>Why it failed; null where it has not, or the server did not say.</summary>
    public AcmeProblem? Problem => Offers.Select(o => o.Problem).FirstOrDefault(p => p is not null);

    public static Result<AcmeAuthorization> Read(AcmeReply reply)
    {
        if (!reply.Object().TryGet(out var json, out var error)) return error;
        if (json.Text("status") is not { } status || json.Member("identifier")?.Text("value") is not { Length: > 0 } name)
            return AcmeErrors.InvalidAnswer(reply.Address, "the authorization lacks its status or identifier");
        var offers = json.Items("challenges").Take(OffersMax).Select(AcmeOffer.Read).OfType<AcmeOffer>().ToList();
        var isWildcard = json.IsTrue("wildcard") && !name.StartsWith("*.", StringComparison.Ordinal);
        return new AcmeAuthorization(reply.Address, isWildcard ? "*." + name : name, status, offers, reply.RetryAfter);
    }
}

/// <summary>A challenge that the server accepts for a name.</summary>
internal sealed record AcmeOffer(string Type, Uri Address, string? Token, string Status, AcmeProblem? Problem)
{
    /// <returns>Null where it lacks something: then it is a type that this client does not know, or nothing that it could use.</returns>
    public static AcmeOffer? Read(System.Text.Json.JsonElement json) =>
        json.Text("type") is { } type && json.Link("url") is { } address && json.Text("status") is { } status
            ? new AcmeOffer(type, address, json.Text("token"), status, AcmeProblem.Read(json.Member("error"))) : null;
}

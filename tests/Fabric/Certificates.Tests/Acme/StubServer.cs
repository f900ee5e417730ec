using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Strata.Certificates.Acme;
using Strata.Core;

namespace Strata.Certificates.Tests.Acme;

/// <summary>
/// An ACME server that behaves well, and issues at once for one order of shop.example.com, but for the paths whose answers a test replaces.
/// It is also the solver, which proves nothing: the server believes it.
/// </summary>
internal sealed class StubServer : HttpMessageHandler, IAcmeSolver
{
    public const string Name = "shop.example.com";
    private const string Host = "https://ca.test";

    private readonly HttpClient http;
    private readonly TimeProvider time;
    private int nonces, orders;
    private byte[]? request;

    public StubServer(TimeProvider time)
    {
        (this.time, Authority) = (time, new TestAuthority(time.GetUtcNow()));
        http = new HttpClient(this, disposeHandler: false);
        Client = new AcmeClient(http, new Uri(Host + "/dir"), AccountKey, time);
    }

    public AcmeClient Client { get; }

    public TestAuthority Authority { get; }

    public ECDsa AccountKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ECDsa CertificateKey { get; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>By path, what is answered instead. Gets how often the path was asked, from 1.</summary>
    public Dictionary<string, Func<int, HttpResponseMessage>> Instead { get; } = [];

    /// <summary>By path, members of the JSON that replace those of the good answer; null removes one.</summary>
    public Dictionary<string, Dictionary<string, object?>> Members { get; } = [];

    /// <summary>Path of each request, in their order.</summary>
    public ConcurrentQueue<string> Asked { get; } = [];

    public ConcurrentQueue<AcmeChallenge> Presented { get; } = [];

    public ConcurrentQueue<AcmeChallenge> Withdrawn { get; } = [];

    public Func<Result<Done>> OnPresent { get; set; } = () => new Done();

    public Action OnWithdraw { get; set; } = () => { };

    /// <summary>What is issued for the key of the request; null: what was asked for.</summary>
    public Func<PublicKey, string>? Chain { get; set; }

    /// <summary>Registers and orders.</summary>
    public async Task<Result<AcmeCertificate>> OrderAsync()
    {
        var registered = await Client.RegisterAsync(new AcmeContact(null, AgreesToTerms: true), CancellationToken.None);
        if (!registered.TryGet(out var account, out var error)) return error;
        return await Client.OrderAsync(account, [Name], CertificateKey, this, CancellationToken.None);
    }

    public IReadOnlyList<string> TypesFor(string name) => [AcmeChallenge.Http];

    public Task<Result<Done>> PresentAsync(AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        Presented.Enqueue(challenge);
        return Task.FromResult(OnPresent());
    }

    public Task WithdrawAsync(AcmeChallenge challenge, CancellationToken cancellationToken)
    {
        Withdrawn.Enqueue(challenge);
        OnWithdraw();
        return Task.CompletedTask;
    }

    public HttpResponseMessage Json(HttpStatusCode status, object json, params (string Name, string Value)[] headers) =>
        Text(status, JsonSerializer.Serialize(json), headers);

    public HttpResponseMessage Text(HttpStatusCode status, string body, params (string Name, string Value)[] headers)
    {
        var response = new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        response.Headers.Add("Replay-Nonce", "n" + Interlocked.Increment(ref nonces).ToString(CultureInfo.InvariantCulture));
        foreach (var (name, value) in headers) response.Headers.TryAddWithoutValidation(name, value);
        return response;
    }

    public HttpResponseMessage Problem(HttpStatusCode status, string type, string detail, params (string Name, string Value)[] headers) =>
        Json(status, new { type = "urn:ietf:params:acme:error:" + type, detail }, headers);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage message, CancellationToken cancellationToken)
    {
        var path = message.RequestUri!.AbsolutePath;
        Asked.Enqueue(path);
        if (Instead.TryGetValue(path, out var answer)) return answer(Asked.Count(p => p == path));
        var payload = message.Content is null ? null : await PayloadAsync(message.Content, cancellationToken);
        if (path == "/finalize") request = Base64Url.DecodeFromChars(payload!.RootElement.GetProperty("csr").GetString());
        return path switch
        {
            "/nonce" => Text(HttpStatusCode.OK, ""),
            "/account" => Good(path, new() { ["status"] = "valid" }, HttpStatusCode.Created, "/account/1"),
            "/order" => Good(path, Order(), HttpStatusCode.Created, "/order/1"),
            "/order/1" => Good(path, Order()),
            "/finalize" => Good(path, Order()),
            "/authz" => Good(path, Authorization()),
            "/challenge" => Good(path, new() { ["status"] = "processing" }),
            "/certificate" => Text(HttpStatusCode.OK, Issue()),
            "/renewal" => Text(HttpStatusCode.NotFound, ""),
            _ => Good("/dir", Directory()),
        };
    }

    protected override void Dispose(bool disposing)
    {
        http.Dispose();
        Authority.Dispose();
        AccountKey.Dispose();
        CertificateKey.Dispose();
        base.Dispose(disposing);
    }

    private static Dictionary<string, object?> Directory() => new()
    {
        ["newNonce"] = Host + "/nonce", ["newAccount"] = Host + "/account", ["newOrder"] = Host + "/order",
    };

    private Dictionary<string, object?> Order() => new()
    {
        ["status"] = request is not null ? "valid" : Interlocked.Increment(ref orders) == 1 ? "pending" : "ready",
        ["authorizations"] = new[] { Host + "/authz" }, ["finalize"] = Host + "/finalize", ["certificate"] = Host + "/certificate",
    };

    private Dictionary<string, object?> Authorization() => new()
    {
        ["status"] = Asked.Contains("/challenge") ? "valid" : "pending", ["identifier"] = new { type = "dns", value = Name },
        ["challenges"] = new[] { new { type = "http-01", url = Host + "/challenge", token = "abc-_9", status = "pending" } },
    };

    private HttpResponseMessage Good(
        string path, Dictionary<string, object?> json, HttpStatusCode status = HttpStatusCode.OK, string? location = null)
    {
        foreach (var (name, value) in Members.GetValueOrDefault(path) ?? [])
        {
            if (value is null) json.Remove(name);
            else json[name] = value;
        }
        return location is null ? Json(status, json) : Json(status, json, ("Location", Host + location));
    }

    private string Issue()
    {
        var asked = CertificateRequest.LoadSigningRequest(request!, HashAlgorithmName.SHA256,
            CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        if (Chain is not null) return Chain(asked.PublicKey);
        using var leaf = Authority.Issue(asked.PublicKey, [Name]);
        return $"{leaf.ExportCertificatePem()}\n{Authority.RootPem}\n";
    }

    private static async Task<JsonDocument?> PayloadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        using var signed = JsonDocument.Parse(await content.ReadAsStringAsync(cancellationToken));
        var payload = Base64Url.DecodeFromChars(signed.RootElement.GetProperty("payload").GetString());
        return payload.Length == 0 ? null : JsonDocument.Parse(payload);
    }
}

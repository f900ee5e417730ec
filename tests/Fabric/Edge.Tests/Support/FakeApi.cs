using System.Collections.Concurrent;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Edge.Tests.Support;

/// <summary>As much of the control plane as an edge uses: the watches that make its table, keys of certificates, and blobs.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, byte[]> blobs = new();
    private readonly Watched routes = new();
    private readonly Watched instances = new();
    private readonly Watched tunnels = new();
    private readonly Watched nodes = new();
    private readonly Watched certificates = new();
    private readonly Watched issuers = new();
    private readonly ConcurrentDictionary<string, string> keys = new();
    public const string VisitedRoute = "rou_app.localhost/";

    /// <summary>As edges name it.</summary>
    public const string VisitedResource = "org_1/" + VisitedRoute;

    /// <summary>Held back until set, so that a test can see what a silent control plane means.</summary>
    public Task VisitsOpen { get; set; } = Task.CompletedTask;
    private const string Node = "nod_1";
    private WebOrigin web = null!;
    private long revision;

    public Uri Url => new($"http://{web.EndPoint}");
    public int BlobRequests;
    public int KeyRequests;
    public int VisitChecks;

    /// <summary>What a visit's text leads to; others do not hold.</summary>
    public ConcurrentDictionary<string, string> Visits { get; } = new();

    /// <summary>Of visits: the code for each of them, which is good once, with the browser's state.</summary>
    public ConcurrentDictionary<string, (string Visit, string State)> Codes { get; } = new();

    /// <summary>The only token that is accepted.</summary>
    public volatile string Token = "edge-token";

    /// <summary>Requests with another.</summary>
    public int Refused;

    /// <summary>False: it is of a version that has no certificates.</summary>
    public bool KnowsCertificates { get; init; } = true;

    /// <summary>False: the watches never come to an end of their lists, so that an edge keeps the table that a test applied.</summary>
    public bool TellsReady { get; init; } = true;

    /// <summary>Held back until set, so that a test can see what happens meanwhile.</summary>
    public Task BlobsOpen { get; set; } = Task.CompletedTask;

    public static async Task<FakeApi> StartAsync(bool tellsReady = true, bool knowsCertificates = true)
    {
        var api = new FakeApi { TellsReady = tellsReady, KnowsCertificates = knowsCertificates };
        api.PutNode(new NodeStatus { InstanceSubnets = ["127.0.0.1/32"] });
        api.web = await WebOrigin.StartAsync(api.HandleAsync);
        return api;
    }

    public void Put(string name, RouteSpec spec, RouteStatus status, bool deleted = false) =>
        routes.Put("rou_" + name, Item("route", "rou_" + name, name, "ACTIVE", spec, status, deleted));

    public void Put(string name, InstanceSpec spec, InstanceStatus status, string state, bool deleted = false) =>
        instances.Put("ins_" + name, Item("instance", "ins_" + name, name, state, spec, status, deleted));

    /// <summary>The node of all instances.</summary>
    public void PutNode(NodeStatus status, string state = NodeStates.Up) =>
        nodes.Put(Node, Item("node", Node, "node-1", state, new NodeSpec(), status, deleted: false));

    public void Put(string name, TunnelStatus status, string state, bool deleted = false) =>
        tunnels.Put("tun_" + name, Item("tunnel", "tun_" + name, name, state, new TunnelSpec(), status, deleted));

    public void PutInstance(
        string name, System.Net.IPEndPoint at, string release, string state = InstanceStates.Ready, bool deleted = false) =>
        Put(
            name, new InstanceSpec { Deployment = "dep_1", Node = Node, Release = release, Image = "sha256:0", Command = [] },
            new InstanceStatus { Address = at.Address.ToString(), Port = at.Port }, state, deleted);

    /// <summary>Ends all watches, as a server that restarts.</summary>
    public void CutWatches()
    {
        routes.Cut();
        instances.Cut();
        tunnels.Cut();
        nodes.Cut();
        certificates.Cut();
        issuers.Cut();
    }

    public void Put(string name, CertificateSpec spec, CertificateStatus status, bool deleted = false) =>
        certificates.Put("crt_" + name, Item("certificate", "crt_" + name, name, CertificateStates.Ready, spec, status, deleted));

    public void Put(string name, IssuerStatus status) =>
        issuers.Put("isr_" + name, Item("issuer", "isr_" + name, name, IssuerStates.Ready, new IssuerSpec(), status, deleted: false));

    public void PutKey(string certificate, string fingerprint, string chain, string privateKey) =>
        keys[certificate] = JsonSerializer.Serialize(new { fingerprint, chain, privateKey }, WireJson.Options);

    public string PutBlob(byte[] content)
    {
        var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
        blobs[digest] = content;
        return digest;
    }

    public void CorruptBlob(string digest) => blobs[digest] = [.. blobs[digest], 0];

    /// <summary>An image of these files; the digest of its manifest.</summary>
    public string PutImage(params (string Name, string Content)[] files)
    {
        var layer = PutBlob(Tar(files));
        var config = PutBlob("""{"created":"2026-01-02T03:04:05Z"}"""u8.ToArray());
        return PutBlob(Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"config":{"digest":"{{config}}"},"layers":[{"digest":"{{layer}}"}]}"""));
    }

    public string LayerOf(string image) => JsonDocument.Parse(blobs[image]).RootElement.GetProperty("layers")[0].GetProperty("digest")
        .GetString()!;

    public ValueTask DisposeAsync()
    {
        CutWatches();
        return web.DisposeAsync();
    }

    private static byte[] Tar((string Name, string Content)[] files)
    {
        var buffer = new MemoryStream();
        using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip))
        {
            foreach (var (name, content) in files)
            {
                if (content.StartsWith("-> ", StringComparison.Ordinal))
                    tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = content[3..] });
                else tar.WriteEntry(
                    new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)) });
            }
        }
        return buffer.ToArray();
    }

    private string Item<TSpec, TStatus>(string kind, string id, string name, string state, TSpec spec, TStatus status, bool deleted) =>
        JsonSerializer.Serialize(
        new Resource<TSpec, TStatus>
        {
            Id = id, Kind = kind, Name = name, Org = "org_1", State = state, Revision = Interlocked.Increment(ref revision),
            CreatedAt = default, UpdatedAt = default, UpdatedBy = "test",
            Deleted = deleted, Spec = spec, Status = status,
        }, WireJson.Options);

    private async Task HandleAsync(HttpContext context)
    {
        if (context.Request.Headers.Authorization.ToString() != "Bearer " + Token)
        {
            Interlocked.Increment(ref Refused);
            context.Response.StatusCode = 401;
            return;
        }
        var path = context.Request.Path.Value!;
        if (path == "/api/v1/routes") await routes.ServeAsync(context, TellsReady);
        else if (path == "/api/v1/instances") await instances.ServeAsync(context, TellsReady);
        else if (path == "/api/v1/nodes") await nodes.ServeAsync(context, TellsReady);
        else if (path == "/api/v1/tunnels") await tunnels.ServeAsync(context, TellsReady);
        else if (!KnowsCertificates && path is "/api/v1/certificates" or "/api/v1/issuers")
        {
            context.Response.StatusCode = 404;
            context.Response.ContentType = "application/problem+json";
            await context.Response.WriteAsync("""{"type":"/docs/errors/NO_SUCH_ENDPOINT","status":404,"detail":"No.","code":"NO_SUCH_ENDPOINT"}""");
        }
        else if (path == "/api/v1/certificates") await certificates.ServeAsync(context, TellsReady);
        else if (path == "/api/v1/issuers") await issuers.ServeAsync(context, TellsReady);
        else if (path.StartsWith("/api/v1/certificates/", StringComparison.Ordinal) && path.EndsWith("/key", StringComparison.Ordinal))
        {
            Interlocked.Increment(ref KeyRequests);
            if (keys.TryGetValue(path.Split('/')[4], out var key)) await context.Response.WriteAsync(key);
            else context.Response.StatusCode = 404;
        }
        else if (path.StartsWith(VisitPaths.Begin, StringComparison.Ordinal)) await VisitAsync(context, path);
        else if (path.StartsWith("/api/v1/blobs/", StringComparison.Ordinal)) await BlobAsync(context, path["/api/v1/blobs/".Length..]);
        else context.Response.StatusCode = 404;
    }

    private async Task VisitAsync(HttpContext context, string path)
    {
        using var body = await JsonDocument.ParseAsync(context.Request.Body);
        if (path == VisitPaths.Check)
        {
            Interlocked.Increment(ref VisitChecks);
            await VisitsOpen.WaitAsync(context.RequestAborted);
            var email = Visits.GetValueOrDefault(body.RootElement.GetProperty("visit").GetString()!);
            var end = TimeProvider.System.GetUtcNow().AddHours(1);
            await context.Response.WriteAsync(email is null
                ? """{"active":false,"signInAt":"http://cloud.test/visit"}"""
                : $$"""{"active":true,"person":"per_1","email":"{{email}}","expiresAt":"{{end:O}}","signInAt":"http://cloud.test/visit"}""");
        }
        else if (Codes.TryRemove(body.RootElement.GetProperty("code").GetString()!, out var known)
            && known.State == HashOf(body.RootElement.GetProperty("state").GetString()!))
        {
            var end = TimeProvider.System.GetUtcNow().AddHours(1);
            await context.Response.WriteAsync($$"""{"visit":"{{known.Visit}}","resource":"{{VisitedResource}}","expiresAt":"{{end:O}}"}""");
        }
        else
        {
            context.Response.StatusCode = 400;
            context.Response.ContentType = "application/problem+json";
            await context.Response.WriteAsync("""{"type":"/docs/errors/VISIT_CODE_INVALID","status":400,"detail":"No.","code":"VISIT_CODE_INVALID"}""");
        }
    }

    private static string HashOf(string state) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state)));

    private async Task BlobAsync(HttpContext context, string digest)
    {
        Assert.Equal("org_1", context.Request.Query["org"].ToString());
        Interlocked.Increment(ref BlobRequests);
        await BlobsOpen;
        if (blobs.TryGetValue(digest, out var content)) await context.Response.Body.WriteAsync(content);
        else context.Response.StatusCode = 404;
    }

    private sealed class Watched
    {
        private readonly Lock gate = new();
        private readonly Dictionary<string, string> items = [];
        private readonly List<Channel<string>> followers = [];

        public void Put(string id, string item)
        {
            lock (gate)
            {
                if (item.Contains("\"deleted\":true", StringComparison.Ordinal)) items.Remove(id);
                else items[id] = item;
                followers.ForEach(f => f.Writer.TryWrite($"event: item\ndata: {item}\n\n"));
            }
        }

        public void Cut()
        {
            lock (gate)
            {
                followers.ForEach(f => f.Writer.TryComplete());
                followers.Clear();
            }
        }

        public async Task ServeAsync(HttpContext context, bool tellsReady)
        {
            var channel = Channel.CreateUnbounded<string>();
            lock (gate)
            {
                foreach (var item in items.Values) channel.Writer.TryWrite($"event: item\ndata: {item}\n\n");
                if (tellsReady) channel.Writer.TryWrite("event: ready\ndata: {}\n\n");
                followers.Add(channel);
            }
            context.Response.ContentType = "text/event-stream";
            await foreach (var message in channel.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.WriteAsync(message, context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }
        }
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Strata.Server.Tests.Support;

namespace Strata.Server.Tests.Security;

/// <summary>Watches, feeds and watches over RPC up to their bounds and beyond: of a token, of an organization, of the server.</summary>
public sealed class FeedBoundTests : IAsyncLifetime
{
    private const long GrowthBytesMax = 150L << 20;

    private readonly List<Opened> open = [];
    private SecurityCloud cloud = null!;

    public async ValueTask InitializeAsync() =>
        cloud = await SecurityCloud.StartAsync("--streams-max", "8", "--feed-streams-max", "4", "--token-streams-max", "2");

    public async ValueTask DisposeAsync()
    {
        open.ForEach(o => o.Dispose());
        await cloud.DisposeAsync();
    }

    [Fact]
    [Trait("Duration", "Long")]
    public async Task Streams_BeyondTheirBounds_AreRefused_OthersGoOn_AndClosedOnesMakeRoom()
    {
        Func<string, Task<Opened>>[] kinds = [WatchAsync, FeedAsync, RpcAsync];
        Assert.True((await WatchAsync(cloud.A.Admin)).IsOpen);
        var first = open[^1];

        Assert.True((await WatchAsync(cloud.B.Admin)).IsOpen);
        Assert.True((await RpcAsync(cloud.B.Admin)).IsOpen);
        foreach (var kind in kinds) Assert.Equal("TOO_MANY_STREAMS", (await kind(cloud.B.Admin)).Code); // of the token
        Assert.True((await FeedAsync(cloud.B.Developer)).IsOpen);
        Assert.True((await WatchAsync(cloud.B.Developer)).IsOpen);
        Assert.Equal("TOO_MANY_STREAMS", (await WatchAsync(cloud.B.ProjectDeveloper)).Code); // of the organization
        Assert.Equal("TOO_MANY_STREAMS", (await RpcAsync(cloud.B.ProjectDeveloper)).Code);

        var before = MemoryBytes();
        for (var i = 0; i < 300; i++) Assert.False((await kinds[i % 3](cloud.B.Admin)).IsOpen);
        Assert.InRange(MemoryBytes() - before, long.MinValue, GrowthBytesMax);

        Assert.Equal(201, (await cloud.CallAsync(cloud.A.Admin, "POST", "/api/v1/projects", """{"name":"seen-by-a","spec":{}}""")).Status);
        await first.HearAsync("seen-by-a");
        Assert.True((await WatchAsync(cloud.A.Developer)).IsOpen);

        foreach (var opened in open.Where(o => o.Token == cloud.B.Admin && o.IsOpen).ToList()) opened.Dispose();
        await Wait.UntilAsync(async () => (await WatchAsync(cloud.B.Admin)).IsOpen, "a place is free again");
        await Wait.UntilAsync(async () => (await RpcAsync(cloud.B.Admin)).IsOpen, "both places are free again");
        Assert.Equal("TOO_MANY_STREAMS", (await WatchAsync(cloud.B.Admin)).Code);
        open.ForEach(o => o.Dispose());
        await Wait.UntilAsync(async () => await UsedAsync() == 0, "all places are free");
    }

    private Task<Opened> WatchAsync(string token) => GetAsync(token, "/api/v1/projects?watch=true");

    private Task<Opened> FeedAsync(string token) => GetAsync(token, "/api/entity/feed?follow=true");

    private Task<Opened> GetAsync(string token, string path) => OpenAsync(token, new HttpRequestMessage(HttpMethod.Get, path));

    private Task<Opened> RpcAsync(string token)
    {
        var message = """{"kind":"projects"}"""u8;
        var envelope = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(envelope.AsSpan(1), message.Length);
        message.CopyTo(envelope.AsSpan(5));
        var request = new HttpRequestMessage(HttpMethod.Post, "/strata.v1.ResourceService/Watch");
        request.Content = new ByteArrayContent(envelope);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/connect+json");
        return OpenAsync(token, request);
    }

    /// <summary>Open once its beginning has come, refused once its code has.</summary>
    private async Task<Opened> OpenAsync(string token, HttpRequestMessage request)
    {
        var http = cloud.Api(token);
        var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var opened = new Opened(token, http, answer, await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        await opened.BeginAsync();
        if (opened.IsOpen) open.Add(opened);
        else opened.Dispose();
        return opened;
    }

    private async Task<int> UsedAsync()
    {
        using var http = cloud.Api(cloud.Operator);
        const string name = "strata_share_used{resource=\"watches, feeds and followed logs\"} ";
        var line = (await http.GetStringAsync("/api/v1/metrics")).Split('\n').Single(l => l.StartsWith(name, StringComparison.Ordinal));
        return int.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }

    private long MemoryBytes()
    {
        var line = File.ReadLines($"/proc/{cloud.Pid}/status").First(x => x.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) << 10;
    }

    private sealed class Opened(string token, HttpClient http, HttpResponseMessage answer, Stream body) : IDisposable
    {
        private static readonly string[] Beginnings = ["ready", "event: ", "\"ping\""];

        private readonly StringBuilder heard = new();
        private readonly byte[] buffer = new byte[65536];

        public string Token => token;

        public bool IsOpen { get; private set; }

        public string Code { get; private set; } = "";

        public async Task BeginAsync()
        {
            if (!answer.IsSuccessStatusCode)
            {
                while (await ReadAsync() > 0)
                {
                    // A problem is short.
                }
                var problem = JsonElement.Parse(heard.ToString());
                Code = problem.TryGetProperty("code", out var code) ? code.GetString()! : CodeIn(heard.ToString());
                return;
            }
            while (!IsOpen && Code.Length == 0)
            {
                var read = await ReadAsync();
                var text = heard.ToString();
                if (text.Contains("\"error\":{", StringComparison.Ordinal)) Code = CodeIn(text);
                else if (Beginnings.Any(b => text.Contains(b, StringComparison.Ordinal))) IsOpen = true;
                else Assert.True(read > 0, text);
            }
        }

        public async Task HearAsync(string text)
        {
            while (!heard.ToString().Contains(text, StringComparison.Ordinal)) Assert.True(await ReadAsync() > 0, heard.ToString());
        }

        public void Dispose()
        {
            IsOpen = false;
            answer.Dispose();
            http.Dispose();
        }

        private async Task<int> ReadAsync()
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            var read = await body.ReadAsync(buffer, patience.Token);
            heard.Append(Encoding.Latin1.GetString(buffer, 0, read));
            return read;
        }

        /// <summary>Details of RPC hold the code in base64.</summary>
        private static string CodeIn(string text)
        {
            var pieces = text.Split('"').Where(p => p.Length > 20).Select(Decoded);
            return pieces.Append(text).Any(p => p.Contains("TOO_MANY_STREAMS", StringComparison.Ordinal)) ? "TOO_MANY_STREAMS" : text;
        }

        private static string Decoded(string piece)
        {
            try
            {
                return Encoding.Latin1.GetString(Convert.FromBase64String(piece.PadRight((piece.Length + 3) / 4 * 4, '=')));
            }
            catch (FormatException)
            {
                return "";
            }
        }
    }
}

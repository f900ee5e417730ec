using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Strata.Core;

namespace Strata.Client.Tests;

/// <summary>A client whose token is replaced in its file.</summary>
public sealed class TokenFileTests : IAsyncLifetime
{
    private readonly string file = Path.Combine(Directory.CreateTempSubdirectory("strata-token-").FullName, "token");
    private readonly ConcurrentQueue<string> asked = new();
    private WebApplication app = null!;
    private StrataClient client = null!;
    private volatile string accepted = "one";
    private Action onRefusal = () => { };

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Run(AnswerAsync);
        await app.StartAsync();
        Replace("one\n");
        client = new StrataClient(new Uri(app.Urls.First()), token: null, new ClientOptions { TokenFile = file, RetriesMax = 0 });
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await app.DisposeAsync();
        Folder.Delete(Path.GetDirectoryName(file)!);
    }

    [Fact]
    public async Task Call_AfterTheFileWasReplaced_SendsItsToken()
    {
        await SendAsync();
        Replace(accepted = "two");
        await SendAsync();
        Assert.Equal(["Bearer one", "Bearer two"], asked);
    }

    /// <summary>Between the reading of the file and the look at the token.</summary>
    [Fact]
    public async Task Call_RefusedWhileItsTokenWasReplaced_IsSentOnceMore_WithItsBody()
    {
        accepted = "two";
        onRefusal = () => Replace("two");
        await SendAsync();
        Assert.Equal(["Bearer one", "Bearer two"], asked);
    }

    [Fact]
    public async Task Call_RefusedWithTheFilesToken_FailsWithoutAnotherTry()
    {
        accepted = "two";
        var failure = await Assert.ThrowsAsync<StrataException>(SendAsync);
        Assert.Equal(ErrorKind.Unauthenticated, failure.Error.Kind);
        Assert.Single(asked);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("a b\r\nX-Other: 1")]
    public async Task Call_WithAFileThatHoldsNoToken_SendsTheLast(string? content)
    {
        await SendAsync();
        File.Delete(file);
        if (content is not null) Replace(content);
        await SendAsync();
        Assert.Equal(["Bearer one", "Bearer one"], asked);
    }

    private Task SendAsync() => client.SendBytesAsync(HttpMethod.Post, "/", "body"u8.ToArray());

    private void Replace(string content) => AtomicFile.WritePrivate(file, content);

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        Assert.Equal("body", await reader.ReadToEndAsync());
        var token = context.Request.Headers.Authorization.ToString();
        asked.Enqueue(token);
        if (token == "Bearer " + accepted) return;
        onRefusal();
        context.Response.StatusCode = 401;
    }
}

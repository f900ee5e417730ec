using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Strata.Cli.Tests.Commands;

/// <summary>Takes every call for granted: keeps what it was asked, and answers with the same each time.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly WebApplication app;

    private FakeApi(WebApplication app) => this.app = app;

    public List<string> Asked { get; } = [];
    public string Answer { get; set; } = "[]";

    /// <summary>Null: each call gets <see cref="Answer"/>.</summary>
    public Func<HttpContext, CancellationToken, Task<string>>? Respond { get; set; }
    public Uri Address => new(app.Urls.First());

    public static async Task<FakeApi> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var fake = new FakeApi(builder.Build());
        fake.app.Run(fake.AnswerAsync);
        await fake.app.StartAsync();
        return fake;
    }

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        var ifMatch = http.Request.Headers.IfMatch.ToString();
        lock (Asked)
            Asked.Add(
                $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {body}{(ifMatch.Length > 0 ? " If-Match " + ifMatch : "")}".TrimEnd());
        await http.Response.WriteAsync(Respond is { } respond ? await respond(http, http.RequestAborted) : Answer);
    }
}

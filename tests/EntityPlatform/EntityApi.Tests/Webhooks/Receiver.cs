using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Strata.EntityApi.Tests.Webhooks;

/// <summary>A user's endpoint on this machine: keeps what it is sent and answers as it is told.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentQueue<Delivery> deliveries = new();

    private Receiver(WebApplication app) => this.app = app;

    public string Url => app.Urls.First() + "/hook";

    public volatile int Status = 200;

    public IReadOnlyList<Delivery> Deliveries => [.. deliveries];

    /// <summary>Numbers of the entities in what was taken, in order.</summary>
    public IReadOnlyList<int> Taken => [.. Deliveries.Where(d => d.Status == 200)
        .SelectMany(d => JsonElement.Parse(d.Body).GetProperty("changes").EnumerateArray().ToArray())
        .Select(c => c.GetProperty("entity").GetProperty("data").GetProperty("n").GetInt32())];

    public static async Task<Receiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private async Task TakeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        var status = Status;
        if (status == 302) http.Response.Headers.Location = "/elsewhere";
        http.Response.StatusCode = status;
        deliveries.Enqueue(
            new Delivery(http.Request.Path, http.Request.Headers["Strata-Signature"].ToString(),
                http.Request.Headers["Strata-Delivery"].ToString(), body, status));
    }

    internal sealed record Delivery(string Path, string Signature, string Id, string Body, int Status);
}

using System.Net.ServerSentEvents;
using System.Text.Json;

namespace Strata.Api.Tests.Hosting;

/// <summary>Reads a watch event by event; gives up after a while.</summary>
internal sealed class Watching : IAsyncDisposable
{
    private readonly HttpResponseMessage response;
    private readonly IAsyncEnumerator<SseItem<string>> events;
    private readonly CancellationTokenSource patience;

    private Watching(HttpResponseMessage response, IAsyncEnumerator<SseItem<string>> events, CancellationTokenSource patience) =>
        (this.response, this.events, this.patience) = (response, events, patience);

    public static async Task<Watching> StartAsync(HttpClient http, string path, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        return new Watching(
            response, SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync(patience.Token)
                .GetAsyncEnumerator(patience.Token), patience);
    }

    public async Task<string> NextAsync()
    {
        do Assert.True(await events.MoveNextAsync(), "The stream has ended.");
        while (events.Current.EventType == "ping");
        if (events.Current.EventType != "item") return events.Current.EventType;
        var item = JsonElement.Parse(events.Current.Data);
        return $"item {item.GetProperty("name").GetString()} {item.GetProperty("state").GetString()}{(item.TryGetProperty("deleted", out _) ? " deleted" : "")}";
    }

    public async Task<JsonElement> NextItemAsync()
    {
        do Assert.True(await events.MoveNextAsync(), "The stream has ended.");
        while (events.Current.EventType != "item");
        return JsonElement.Parse(events.Current.Data);
    }

    public async ValueTask DisposeAsync()
    {
        await events.DisposeAsync();
        response.Dispose();
        patience.Dispose();
    }
}

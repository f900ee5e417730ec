using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Strata.Api.Watch;
using Strata.Core;
using Strata.Entities.Log;

namespace Strata.EntityApi.Feed;

/// <summary>
/// Writes changes as lines of JSON, or as server-sent events. Each has the position to resume after once it has been handled: within a
/// commit that is the commit before, so that a client that is cut off there gets the whole commit again.
/// </summary>
internal sealed class FeedWriter(HttpContext http, bool asEvents) : IDisposable
{
    private readonly EventStream stream = new(http, asLines: !asEvents);

    /// <summary>Time to let the client take some.</summary>
    public bool IsFull => stream.IsFull;

    public Task BeginAsync() => stream.BeginAsync();

    public void Write(EntityRevision change, bool endsCommit) =>
        stream.Write("change", (Change: change, EndsCommit: endsCommit), static (json, c) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "change");
        json.WriteNumber("position", c.EndsCommit ? c.Change.Revision.Value : c.Change.Revision.Value - 1);
        ChangeWriter.WriteMembers(json, c.Change);
        json.WriteEndObject();
    }, endsCommit ? change.Revision.Value : null);

    /// <summary>The heartbeat; it moves on also where nothing was wanted.</summary>
    /// <param name="isEnd">The feed is whole. Clients take one without this mark for cut off, however it ended.</param>
    public void WritePing(Revision position, bool isEnd = false) =>
        stream.Write("ping", (Position: position, IsEnd: isEnd), static (json, ping) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "ping");
        json.WriteNumber("position", ping.Position.Value);
        if (ping.IsEnd) json.WriteBoolean("end", true);
        json.WriteEndObject();
    }, position.Value);

    public ValueTask FlushAsync(CancellationToken cancellationToken) => stream.FlushAsync(cancellationToken);

    public void Dispose() => stream.Dispose();
}

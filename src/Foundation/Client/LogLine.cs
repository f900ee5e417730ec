using System.Globalization;

namespace Strata.Client;

/// <summary>One line of a build's or an instance's log.</summary>
/// <param name="Position">Its position in its stream; pass it as <see cref="LogQuery.After"/> to get the lines that follow.</param>
/// <param name="Source">Name of the release or instance that wrote it.</param>
public sealed record LogLine(long Position, DateTimeOffset At, string Source, string Text);

/// <summary>Which lines to read.</summary>
public sealed record LogQuery
{
    public static readonly LogQuery All = new();

    /// <summary>Stay and wait for more.</summary>
    public bool Follow { get; init; }

    public long? After { get; init; }

    /// <summary>Only the last lines; null: all stored lines.</summary>
    public int? Tail { get; init; }

    public string? Org { get; init; }

    internal string ToPath(string plural, string nameOrId) => ApiPath.With(
        ApiPath.Of(plural, nameOrId, "logs"),
        ("follow", Follow ? "true" : null),
        ("after", After?.ToString(CultureInfo.InvariantCulture)),
        ("tail", Tail?.ToString(CultureInfo.InvariantCulture)),
        ("org", Org));
}

using Strata.Core;

namespace Strata.Client;

/// <summary>How a <see cref="StrataClient"/> behaves on the wire.</summary>
public sealed record ClientOptions
{
    public static readonly ClientOptions Default = new();

    /// <summary>
    /// For a whole call with its retries. Of streams (watch, logs, lines, blobs, downloads) and uploads, for the time from the last byte
    /// that was sent to the headers of the answer, without the time that an upload waits for its source; what follows is bounded by
    /// <see cref="SilenceMax"/>.
    /// </summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// A stream that brings nothing, not even a ping (each 10 s of a watch or a feed), for this long counts as broken: SERVER_TIMEOUT. A
    /// log that is followed may be silent for as long as its connection lives, which TCP keep-alive checks. A watch is bounded so before
    /// its headers too.
    /// </summary>
    public TimeSpan SilenceMax { get; init; } = TimeSpan.FromSeconds(35);

    /// <summary>Of a whole answer, unpacked; a longer one is refused with ANSWER_TOO_LARGE. Downloads are not bounded.</summary>
    public int AnswerBytesMax { get; init; } = 256 << 20;

    /// <summary>Of one line or event of a stream; as above.</summary>
    public int PieceBytesMax { get; init; } = 64 << 20;

    /// <summary>
    /// How often a call is sent again after its connection broke or the server said "try again". Every write carries an Idempotency-Key, so
    /// that is safe.
    /// </summary>
    public int RetriesMax { get; init; } = 3;

    /// <summary>Pause before the first retry; doubled for each that follows, up to <see cref="BackOffMax"/>.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    public TimeSpan BackOffMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a feed is resumed without a line from the server; then the last failure is thrown.</summary>
    public TimeSpan ResumeMax { get; init; } = TimeSpan.FromMinutes(5);

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>
    /// Name or id of the organization that every call is about, for operators; null: the token's own. Only with a client that is made from
    /// an address.
    /// </summary>
    public string? Organization { get; init; }

    /// <summary>
    /// Name or id of the project that counts where a caller's rights differ by project and a call is about no resource; null: none is
    /// named.
    /// </summary>
    public string? Project { get; init; }

    /// <summary>
    /// A file that holds the token, for one that another program replaces before it expires: read for each call. Null: the token does not
    /// change. Only with a client that is made from an address.
    /// </summary>
    public string? TokenFile { get; init; }

    /// <summary>Sent as User-Agent.</summary>
    public string UserAgent { get; init; } = "strata-client";

    /// <summary>
    /// The pause before try number <paramref name="attempt"/> (from 1), with up to a quarter more by chance, so that many clients do not
    /// come back at once.
    /// </summary>
    internal TimeSpan PauseBefore(int attempt) =>
        new ExponentialBackOff(BackOff, BackOffMax).After(attempt) * (1 + Random.Shared.NextDouble() / 4);
}

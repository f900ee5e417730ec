namespace Strata.Contracts;

/// <summary>Where changes of entities are sent to. Kind <c>webhook</c>, organization scope.</summary>
public sealed record WebhookSpec
{
    /// <summary>Gets a POST for each batch of changes; http or https.</summary>
    public required string Url { get; init; }

    /// <summary>Each as name or name.version; null: every model.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Tries of one batch before it becomes a dead letter, 1 to 20.</summary>
    public int Attempts { get; init; } = 8;
}

public sealed record WebhookStatus
{
    /// <summary>Signs what is sent; sealed. Null until it is made.</summary>
    public string? Secret { get; init; }

    public DateTimeOffset? SecretMadeAt { get; init; }

    /// <summary>Behind this revision it began.</summary>
    public long? From { get; init; }

    /// <summary>How often a replay of dead letters was requested.</summary>
    public int Replays { get; init; }
}

using Strata.Core;
using Strata.Entities.Log;

namespace Strata.Entities.Narrative;

/// <summary>Why an entity is in the state that it is in, in sentences. Immutable.</summary>
public sealed record Story
{
    /// <summary>Its newest revision, without the document.</summary>
    public required EntityRevision Entity { get; init; }

    /// <summary>Since when it is in its state, or deleted; at the latest, where the steps that led there are left out.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Oldest first.</summary>
    public required IReadOnlyList<Chapter> Chapters { get; init; }

    /// <summary>Whether older commits are left out.</summary>
    public required bool IsCut { get; init; }

    /// <summary>What could move it on, one sentence each.</summary>
    public required IReadOnlyList<string> Waits { get; init; }
}

/// <summary>One commit: who did what, and what the workflow made of it.</summary>
public sealed record Chapter(DateTimeOffset At, CommitId Transaction, string By, string Title, IReadOnlyList<string> Sentences);

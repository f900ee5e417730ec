using Strata.Client;

public sealed record Letter(string? Name, string? Text = null);

/// <summary>What this member does: plain methods, which tests call without a server.</summary>
public sealed class Handlers
{
    /// <summary>Gets the entity's data and returns its new data. What it writes meanwhile is part of the same transaction.</summary>
    [Processor("greet")]
    public static Letter Greet(Letter letter) => letter with { Text = $"Hello {letter.Name ?? "you"}" };

    [Criterion("has-name")]
    public static bool HasName(Letter letter) => !string.IsNullOrEmpty(letter.Name);
}

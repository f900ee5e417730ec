using Strata.Client;

public sealed record Letter(string? Name, string? Text = null);

/// <summary>What this member does: plain methods, which tests call without any server.</summary>
public sealed class Handlers
{
    /// <summary>
    /// Processors get the entity's data and return what is to become of it. What they write meanwhile is a part of the same transaction.
    /// </summary>
    [Processor("greet")]
    public static Letter Greet(Letter letter) => letter with { Text = $"Hello {letter.Name ?? "you"}" };

    [Criterion("has-name")]
    public static bool HasName(Letter letter) => !string.IsNullOrEmpty(letter.Name);
}

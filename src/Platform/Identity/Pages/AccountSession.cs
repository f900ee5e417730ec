namespace Strata.Identity.Pages;

/// <summary>A session as its owner knows it.</summary>
/// <param name="Program">What was signed in to.</param>
public sealed record AccountSession(string Id, string Program, string? Address, DateTimeOffset? LastUsedAt);

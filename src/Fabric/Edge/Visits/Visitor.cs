namespace Strata.Edge.Visits;

/// <summary>Who visits.</summary>
/// <param name="Person">Id.</param>
internal sealed record Visitor(string Person, string Email);

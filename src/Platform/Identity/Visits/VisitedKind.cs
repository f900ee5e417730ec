using Strata.Resources.Kinds;

namespace Strata.Identity.Visits;

/// <summary>
/// The kind whose resources are reached at hosts (<see cref="Kind.Hosts"/>), and which may want visitors to be signed in. Edges ask for
/// that; here is decided who may.
/// </summary>
/// <param name="Permission">What a visitor needs for the resource.</param>
/// <param name="Wanted">The member of the spec that is true where visitors must be signed in.</param>
public sealed record VisitedKind(Kind Kind, string Permission, string Wanted);

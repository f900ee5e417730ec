using Microsoft.AspNetCore.Builder;
using Strata.Core;

namespace Strata.Api.Auth;

/// <summary>
/// Says of an endpoint that what it does is dangerous, so that a person who calls it must have signed in, or shown again that it is they,
/// at most <see cref="AgeMax"/> ago. A GET shows nothing that needs it. Machines are not asked: their tokens have no owner who could
/// answer.
/// </summary>
public sealed record FreshSignIn
{
    /// <summary>How long a sign-in counts as fresh.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(15);

    private static readonly Error Needed = new(
        ErrorKind.Forbidden, "STEP_UP_REQUIRED", "This needs a fresh sign-in: yours is more than 15 minutes old.",
        "Show that it is you with \"strata login --step-up\", then try again.");

    /// <summary>STEP_UP_REQUIRED for a person whose sign-in is too old; null: go on.</summary>
    public static Error? RefuseFor(Principal principal, DateTimeOffset now) =>
        principal.Person is { } person && !IsFresh(person.AuthenticatedAt, now) ? Needed : null;

    public static bool IsFresh(DateTimeOffset? authenticatedAt, DateTimeOffset now) => now - authenticatedAt <= AgeMax;
}

public static class FreshSignInExtensions
{
    /// <inheritdoc cref="FreshSignIn"/>
    public static TBuilder NeedsFreshSignIn<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder
    {
        endpoint.Add(b => b.Metadata.Add(new FreshSignIn()));
        return endpoint;
    }
}

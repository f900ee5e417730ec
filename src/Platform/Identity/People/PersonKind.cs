using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Workflows;
using Strata.Identity.Passwords;
using Strata.Resources.Kinds;

namespace Strata.Identity.People;

/// <summary>
/// States of a person: ACTIVE, and REMOVING from a DELETE until their memberships and sessions have ended, which they give access to no
/// longer.
/// </summary>
public static class PersonKind
{
    public const string Active = "ACTIVE";
    public const string Removing = "REMOVING";

    /// <summary>The unique key of addresses.</summary>
    internal const string EmailKey = "email";

    private const int DisplayNameLengthMax = 100;

    public static readonly Kind<PersonSpec, PersonStatus> Kind = new()
    {
        Name = "person",
        Plural = Plurals.People,
        IdPrefix = "per",
        Scope = KindScope.Platform,
        WriteIsAdministrators = true,
        Description = "Someone who signs in; a member of any number of organizations.",
        Workflow = KindWorkflow.Load(typeof(PersonKind), "person.workflow.json"),
        InitialStatus = new PersonStatus(),
        UniqueKeys = [new UniqueKeyDefinition(EmailKey, [JsonPath.Parse("$.spec.email")])],
        HiddenStatus = ["password", "resetHash", "totp", "totpStep", "recoveryCodes", "passkeys"],
        SealedStatus =
        [
            new SealedMember("password", p => PersonStore.ContextOf(ResourceDocument.NameOf(p))),
            new SealedMember("totp", p => SecondFactor.ContextOf(ResourceDocument.NameOf(p))),
        ],
        Readers = [],
        UserCreates = false,
        FreshSignIn = FreshSignInFor.AllWrites,
        DeleteTransition = "remove",
        Validate = Check,
    };

    /// <summary>What of a name that people give themselves is wrong; null: nothing.</summary>
    internal static string? FaultOf(string? displayName) => displayName is null
        || (displayName.Length is > 0 and <= DisplayNameLengthMax && !displayName.Any(char.IsControl) && displayName.Trim() == displayName)
        ? null : $"It takes 1 to {DisplayNameLengthMax} characters.";

    private static List<ValidationError> Check(PersonSpec spec)
    {
        var faults = new List<ValidationError>();
        if (!EmailAddress.IsNormal(spec.Email))
            faults.Add(new ValidationError("email", "It is one address, in small letters, such as ada@example.com."));
        if (FaultOf(spec.DisplayName) is { } fault) faults.Add(new ValidationError("displayName", fault));
        return faults;
    }
}

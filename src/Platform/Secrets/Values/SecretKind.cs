using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Secrets.Values;

/// <summary>States of a secret: ACTIVE, and REMOVING from a DELETE until its values are destroyed.</summary>
public static class SecretKind
{
    /// <summary>To be shown a value.</summary>
    public const string RevealPermission = "secrets.reveal";

    public const string Active = "ACTIVE";
    public const string Removing = "REMOVING";

    internal const string Reveal = "reveal";

    private const int DescriptionLengthMax = 500;

    public static readonly Kind<SecretSpec, SecretStatus> Kind = new()
    {
        Name = "secret",
        Plural = Plurals.Secrets,
        IdPrefix = "sec",
        Scope = KindScope.Project,
        Description = "A value that is kept from view, such as a password; it is set, used, and shown only to those who may.",
        Workflow = KindWorkflow.Load(typeof(SecretKind), "secret.workflow.json"),
        InitialStatus = new SecretStatus(),
        Writers = [Roles.Developer],
        DeleteTransition = "remove",
        Validate = spec => spec.Description is null or { Length: > 0 and <= DescriptionLengthMax }
            ? [] : [new ValidationError("description", $"It takes 1 to {DescriptionLengthMax} characters.")],
    };
}

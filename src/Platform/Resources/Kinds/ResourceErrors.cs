using Strata.Core;

namespace Strata.Resources.Kinds;

/// <summary>The errors of the verbs on resources.</summary>
public static class ResourceErrors
{
    public const string NotFoundCode = "NOT_FOUND";
    public const string NameTakenCode = "NAME_TAKEN";
    public const string ModifiedCode = "ENTITY_MODIFIED";
    public const string ValidationFailedCode = "VALIDATION_FAILED";

    public static Error NotFound(Kind kind, string nameOrId) => new(
        ErrorKind.NotFound, NotFoundCode, $"There is no {kind.Name} \"{nameOrId.Shortened(80)}\".",
        $"`strata get {kind.Plural}` lists those there are.");

    public static Error NameTaken(Kind kind, string name) => new(
        ErrorKind.Conflict, NameTakenCode, $"There is already {Article(kind.Name)} {kind.Name} \"{name}\".",
        "Choose another name, or change the one there is.");

    public static Error Duplicate(Kind kind, Entities.Workflows.UniqueKeyDefinition key) => new(
        ErrorKind.Conflict, "DUPLICATE", $"There is already {Article(kind.Name)} {kind.Name} with this {key.Id}.",
        "Change the existing one, or use another value.");

    public static Error OwnerDeleting(Kind owner) => new(
        ErrorKind.Conflict, "OWNER_DELETING", $"The {owner.Name} is being deleted, so nothing is created in it.", "Create it elsewhere.");

    /// <param name="user">Of the kind: one of those that are in it or name it.</param>
    public static Error EnvironmentInUse(string name, Kind kind, string user) => new(
        ErrorKind.Conflict, "ENVIRONMENT_IN_USE", $"The environment \"{name}\" is in use, for example by the {kind.Name} \"{user}\".",
        $"To do it anyway: strata delete environment/{name} --force -y (over HTTP: ?force=true).");

    public static Error Invalid(Kind kind, IReadOnlyList<ValidationError> faults) => new(
        ErrorKind.Invalid, ValidationFailedCode, Summary(kind, faults),
        "Fix what the list of errors names and send it again.") { Faults = faults };

    public static Error Modified(Kind kind, string nameOrId) => new(
        ErrorKind.PreconditionFailed, ModifiedCode, $"The {kind.Name} \"{nameOrId.Shortened(80)}\" has changed since you read it.",
        "Read it again and repeat the change.");

    public static Error NewerVersion(Kind kind, string nameOrId) => new(
        ErrorKind.Conflict, "KIND_NEWER",
        $"The {kind.Name} \"{nameOrId.Shortened(80)}\" was written by a newer version of Strata, which this server does not fully understand, so it does not change it.",
        "Upgrade this server, or ask a server of the newer version.");

    public static Error Unreadable(Kind kind, string nameOrId) => new(
        ErrorKind.Internal, "DOCUMENT_UNREADABLE", $"The stored document of the {kind.Name} \"{nameOrId.Shortened(80)}\" cannot be read.",
        "Its history shows the earlier ones; deleting it is possible by its id. The server's log shows what is wrong.");

    public static Error TooLarge(Kind kind, int bytes) => new(
        ErrorKind.TooLarge, "RESOURCE_TOO_LARGE", $"The {kind.Name} would take {bytes} bytes; {ResourceDocument.BytesMax} is the most.",
        "Keep large content in files or entities of your own.");

    /// <summary>Of every list, whatever its cursors are made of.</summary>
    public static readonly Error BadCursor = new(
        ErrorKind.Invalid, "INVALID_CURSOR", "The cursor is not from this list: it was altered, or belongs to another list.",
        "Set cursor to the nextCursor of the previous page, or leave it out to start the list again.")
    { Faults = [new ValidationError("cursor", "must be the nextCursor of the previous page.")] };

    public static Error BadLimit() => new(
        ErrorKind.Invalid, "INVALID_LIMIT", $"The limit must be 1 to {PageLimits.Max}.", $"Leave it out for {PageLimits.Default}.");

    public static Error OrgNeeded(Kind kind, string name) => new(
        ErrorKind.Invalid, "ORG_REQUIRED", $"Several organizations may have {Article(kind.Name)} {kind.Name} \"{name.Shortened(80)}\".",
        "Say which with `org`, or give the id.");

    public static Error RevisionOfAll() => new(
        ErrorKind.Invalid, "INVALID_AT", "Across all organizations only a time is supported, not a revision.", "Give a time.");

    private static string Summary(Kind kind, IReadOnlyList<ValidationError> faults) => faults.Count == 1
        ? $"The {kind.Name} is not valid: {faults[0].Field}: {faults[0].Message}"
        : $"The {kind.Name} has {faults.Count} errors; the first: {faults[0].Field}: {faults[0].Message}";

    private static string Article(string noun) => noun[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a";
}

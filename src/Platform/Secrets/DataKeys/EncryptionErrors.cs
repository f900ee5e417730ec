using System.Globalization;
using Strata.Core;
using Strata.Secrets.Masters;

namespace Strata.Secrets.DataKeys;

/// <summary>The catalogue of errors about the cloud's own keys.</summary>
internal static class EncryptionErrors
{
    public static readonly Error RotationUnfinished = new(
        ErrorKind.Conflict, "KEY_ROTATION_UNFINISHED", "The master key is being replaced already.",
        "Copy the key file to every server, then end it: strata encryption finish-master-key");

    public static readonly Error Busy = new(
        ErrorKind.Conflict, "KEY_ROTATION_UNFINISHED", "Another server replaces a key at this moment.", "Try again in a moment.")
    { Retryable = true };

    public static readonly Error NothingToFinish = new(
        ErrorKind.Conflict, "KEY_UNCHANGED", "The master key is not being replaced.", "Begin with: strata encryption rotate-master-key");

    public static Error Behind(MasterKeySource source) => new(
        ErrorKind.Conflict, "KEY_ROTATION_UNFINISHED",
        $"The cloud's keys are wrapped under a master key that this server does not have in {source.Description}.",
        "Copy the key file from the server where the replacement began, or have the source give that key too, then run this again.");

    public static Error SameMasterKey(MasterKeySource source) => new(
        ErrorKind.Conflict, "KEY_UNCHANGED", $"The master key in use is the one that {source.Description} gives.",
        "Have it give the new key in its first line and the present one in its second, then run this again.");

    public static Error Rotating(DateTimeOffset from) => new(
        ErrorKind.Conflict, "KEY_ROTATION_UNFINISHED",
        $"A new data key exists already, and seals from {from.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} UTC on.",
        "Wait until then, then run this again if you want another one.") { Retryable = true };

    public static Error ServersMissing(IEnumerable<string> names) => new(
        ErrorKind.Conflict, "KEY_ROTATION_UNFINISHED",
        $"Other servers of this cloud are running, which could not start again without the previous master key: "
            + $"{string.Join(", ", names)}.",
        "Copy the key file (mode 0600) to each of them, then repeat this with --force (over HTTP: ?force=true).");

    public static Error Missing(MasterKeySource source) => new(
        ErrorKind.Conflict, "KEY_MISSING",
        $"This database belongs to a cloud that exists, and its master key is missing: {source.Description}.",
        source.File is { } path
            ? $"Copy cloud.key from the data folder of the cloud's first server to {path} (mode 0600), then start again."
            : "Set it to the key of the cloud's other servers, then start again.");

    public static Error Different(MasterKeySource source) => new(
        ErrorKind.Conflict, "KEY_MISMATCH",
        $"The key in {source.Description} is not the one of the cloud in this database, so its secrets could not be opened.",
        source.File is { } path
            ? $"Copy cloud.key from the data folder of the cloud's first server to {path}, or use another database (--postgres-url)."
            : "Set it to the key of the cloud's other servers, or use another database (--postgres-url).");
}

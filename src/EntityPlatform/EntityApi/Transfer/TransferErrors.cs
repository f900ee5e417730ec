using System.Globalization;
using Strata.Core;

namespace Strata.EntityApi.Transfer;

/// <summary>The errors of export and import.</summary>
internal static class TransferErrors
{
    private const string SendAgain =
        "Send the whole export again to continue where it was interrupted, or discard the import with DELETE /api/import.";

    public static readonly Error NotEmpty = new(
        ErrorKind.Conflict, "NOT_EMPTY", "The organization holds models or entities, now or in its history.",
        "Import into an organization that has never had any.");

    public static Error Complete(DateTimeOffset at) => new(
        ErrorKind.Conflict, "IMPORT_COMPLETE", $"This export was imported at {at:u} and is complete.",
        "No action is needed. GET /api/import shows its digest.");

    public static readonly Error Unfinished = new(
        ErrorKind.Conflict, "IMPORT_UNFINISHED", "Part of another export is already here.",
        "Send all of that export again, or discard it with DELETE /api/import.");

    public static readonly Error Running = new(
        ErrorKind.Conflict, "IMPORT_RUNNING", "An import of this organization is running.",
        "Wait until GET /api/import shows that it has ended.") { Retryable = true };

    public static readonly Error Incomplete = new(
        ErrorKind.Invalid, "IMPORT_INCOMPLETE", "The export is incomplete: its end line is missing. None of it is visible.", SendAgain);

    public static Error Silent(TimeSpan silence) => new(ErrorKind.RequestTimeout, "IMPORT_SILENT",
        string.Create(CultureInfo.InvariantCulture, $"No data has arrived for {silence.TotalMinutes:0.#} minutes. None of it is visible."),
        SendAgain);

    public static readonly Error Damaged = new(
        ErrorKind.Invalid, "IMPORT_DAMAGED", "What has arrived is not what was exported: the digests differ. None of it is visible.",
        "Discard it with DELETE /api/import and export again.");

    public static readonly Error Empty = new(
        ErrorKind.Invalid, "BODY_REQUIRED", "The request has no body.", "Send what GET /api/export returned.");

    public static readonly Error NoExport = new(
        ErrorKind.Invalid, "IMPORT_INVALID", "The first line is not that of an export in a known format.",
        "Send what GET /api/export returned.");

    public static readonly Error Nothing = new(ErrorKind.NotFound, "NOT_FOUND", "There is no unfinished import.");

    public static Error BadLine(long number, string fault) =>
        new(ErrorKind.Invalid, "IMPORT_INVALID", $"Line {number} cannot be imported. {fault}", SendAgain);
}

using System.Globalization;
using Strata.Core;

namespace Strata.EntityApi.Transfer;

/// <summary>The errors of export and import.</summary>
internal static class TransferErrors
{
    private const string SendAgain = "Send the export whole once more, which goes on where it broke off, or discard the import with DELETE /api/import.";

    public static readonly Error NotEmpty = new(
        ErrorKind.Conflict, "NOT_EMPTY", "The organization holds models or entities, now or in its history.", "Import into an organization that never held any.");

    public static Error Complete(DateTimeOffset at) => new(
        ErrorKind.Conflict, "IMPORT_COMPLETE", $"This export was imported at {at:u}: all of it is there.",
        "Nothing needs to be done. GET /api/import shows its digest.");

    public static readonly Error Unfinished = new(
        ErrorKind.Conflict, "IMPORT_UNFINISHED", "Another export is here in part.", "Send that one whole once more, or discard it with DELETE /api/import.");

    public static readonly Error Running = new(
        ErrorKind.Conflict, "IMPORT_RUNNING", "An import of this organization is running.", "Wait until GET /api/import tells its end.") { Retryable = true };

    public static readonly Error Incomplete = new(ErrorKind.Invalid, "IMPORT_INCOMPLETE", "The export breaks off: its end line is missing. Nothing of it is visible.", SendAgain);

    public static Error Silent(TimeSpan silence) => new(ErrorKind.RequestTimeout, "IMPORT_SILENT",
        string.Create(CultureInfo.InvariantCulture, $"No data has arrived for {silence.TotalMinutes:0.#} minutes. Nothing of it is visible."), SendAgain);

    public static readonly Error Damaged = new(
        ErrorKind.Invalid, "IMPORT_DAMAGED", "What has arrived is not what was exported: the digests differ. Nothing of it is visible.", "Discard it with DELETE /api/import and make the export anew.");

    public static readonly Error Empty = new(ErrorKind.Invalid, "BODY_REQUIRED", "The request has no body.", "Send what GET /api/export answered.");

    public static readonly Error NoExport = new(ErrorKind.Invalid, "IMPORT_INVALID", "The first line is not that of an export of a known format.", "Send what GET /api/export answered.");

    public static readonly Error Nothing = new(ErrorKind.NotFound, "NOT_FOUND", "There is no unfinished import.");

    public static Error BadLine(long number, string fault) => new(ErrorKind.Invalid, "IMPORT_INVALID", $"Line {number} cannot be imported. {fault}", SendAgain);
}

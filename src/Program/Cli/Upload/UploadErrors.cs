using Strata.Core;

namespace Strata.Cli.Upload;

/// <summary>What can be wrong with a folder before anything is sent.</summary>
internal static class UploadErrors
{
    public static Error NoFolder(string path) => new(
        ErrorKind.NotFound, "SOURCE_NOT_FOUND", $"There is no folder \"{path}\", and it is not the address of a git repository.",
        "Name a folder (strata deploy ./site) or a repository (strata deploy https://host/user/repo.git).");

    public static Error Empty(string folder) => new(
        ErrorKind.Invalid, "SOURCE_EMPTY", $"\"{folder}\" holds no files to deploy: it is empty, or everything in it is ignored.",
        "Look at .gitignore and .strataignore.");

    public static Error TooLarge(string folder, string what, string limit) => new(
        ErrorKind.TooLarge, "SOURCE_TOO_LARGE", $"\"{folder}\" holds {what}; an upload may have at most {limit}.",
        "Name what the build does not need in .strataignore.");

    public static Error Unreadable(string path, string reason) => new(
        ErrorKind.Invalid, "SOURCE_UNREADABLE", $"\"{path}\" cannot be read: {reason}", "Make it readable, or name it in .strataignore.");
}

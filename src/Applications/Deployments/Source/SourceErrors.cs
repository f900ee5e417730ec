using Strata.Core;

namespace Strata.Deployments.Source;

/// <summary>The errors of sources.</summary>
internal static class SourceErrors
{
    public static Error NoSource() => new(
        ErrorKind.Invalid, "SOURCE_MISSING", "The release names no source.", "Give either an uploaded archive or a git repository.");

    public static Error TwoSources() => new(
        ErrorKind.Invalid, "SOURCE_AMBIGUOUS", "The release names both an archive and a git repository.", "Give one of the two.");

    public static Error ArchiveMissing(string digest) => new(
        ErrorKind.NotFound, "SOURCE_NOT_FOUND", $"The uploaded archive {digest} does not exist.", "Upload it and deploy again.");

    public static Error ArchiveBroken() => new(
        ErrorKind.Invalid, "ARCHIVE_INVALID", "The uploaded archive is not a complete gzip-compressed tar file.",
        "Make it with: tar -czf source.tar.gz .");

    public static Error ArchiveUnsafe(string entry, string why) => new(
        ErrorKind.Invalid, "ARCHIVE_UNSAFE", $"The archive was refused: \"{entry.Shortened(120)}\" {why}.",
        "Remove that entry and deploy again.");

    public static Error ArchiveBeyondLimits(string why) => new(
        ErrorKind.TooLarge, "ARCHIVE_UNSAFE", $"The archive was refused: {why}.",
        "Make it with GNU tar or bsdtar from the plain files: tar -czf source.tar.gz .");

    public static Error TooManyFiles(int limit) => new(
        ErrorKind.TooLarge, "SOURCE_TOO_LARGE", $"The source holds more than {limit} files.",
        "Leave out what the application does not need.");

    public static Error TooManyBytes(long limit) => new(
        ErrorKind.TooLarge, "SOURCE_TOO_LARGE", $"The source is larger than {ByteText.Format(limit)}.",
        "Leave out what the application does not need.");

    public static Error LinkLeaves(string link) => new(
        ErrorKind.Invalid, "SOURCE_UNSAFE", $"The link \"{link.Shortened(120)}\" in the source leads out of it.",
        "Replace it with a file, or with a relative link that stays inside.");

    public static Error BadGitUrl(string why) => new(
        ErrorKind.Invalid, "GIT_URL_INVALID", $"The git address cannot be used: {why}.",
        "Use an address such as https://host/owner/repository.git; deploy a private repository from a clone of it, with: strata deploy FOLDER");

    public static Error GitForbidden(string host) => new(
        ErrorKind.Forbidden, "GIT_ADDRESS_FORBIDDEN",
        $"The git host {host} is a private or local address, and this server does not fetch from those.",
        "Deploy the folder itself, or start the server with --private-git on.");

    public static Error GitHostUnknown(string host) => new(
        ErrorKind.NotFound, "SOURCE_NOT_FOUND", $"The git host {host} does not exist or its name could not be looked up.",
        "Check the address.");

    public static Error GitNotFound(string url) => new(
        ErrorKind.NotFound, "SOURCE_NOT_FOUND", $"There is no git repository at {url}, or it needs a sign-in.",
        "Check the address; deploy a private repository from a clone of it, with: strata deploy FOLDER");

    public static Error GitRefNotFound(string url, string reference) => new(
        ErrorKind.NotFound, "SOURCE_NOT_FOUND", $"The git repository at {url} has no branch, tag or commit \"{reference.Shortened(120)}\".",
        "List its branches with: git ls-remote " + url);

    public static Error GitEmpty(string url) => new(
        ErrorKind.NotFound, "SOURCE_NOT_FOUND", $"The git repository at {url} has no commits yet.", "Push a commit and deploy again.");

    public static Error GitFailed(string url, string why) => new(
        ErrorKind.Unavailable, "GIT_FAILED", $"The git repository at {url} could not be fetched: {why.TrimEnd('.')}.",
        "Deploy again when the repository can be reached.");

    public static Error GitTimeout(string url, TimeSpan limit) => new(
        ErrorKind.Timeout, "GIT_TIMEOUT", $"The git repository at {url} was not fetched within {limit.TotalSeconds:0} s.",
        "Deploy again, or deploy a clone of it as a folder.");
}

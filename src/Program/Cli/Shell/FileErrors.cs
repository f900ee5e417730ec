using Strata.Core;

namespace Strata.Cli.Shell;

/// <summary>Failures of files on this machine, by the system's error and not by .NET's text.</summary>
internal static class FileErrors
{
    private const int NoSpace = 28;
    private const int ReadOnly = 30;

    public static Error Of(Exception e) => e switch
    {
        UnauthorizedAccessException => Error("Permission denied", e),
        FileNotFoundException { FileName: { Length: > 0 } name } => Error($"There is no file {name}", null),
        DirectoryNotFoundException => Error("A folder does not exist", e),
        PathTooLongException => Error("The path is too long", e),
        _ when (e.HResult & 0xFFFF) == NoSpace => Error("The disk is full", e),
        _ when (e.HResult & 0xFFFF) == ReadOnly => Error("The file system is read-only", e),
        _ => Error("A file or stream could not be read or written", e),
    };

    private static Error Error(string what, Exception? e) => new(
        ErrorKind.Unavailable, "FILE_ERROR", PathIn(e?.Message) is { } path
            ? $"{what}: {path}." : what + ".", "Check the path and its permissions, and try again.");

    /// <summary>.NET puts the path in quotes.</summary>
    private static string? PathIn(string? message) => message?.Split('\'') is [_, ['/', ..] path, ..] ? path : null;
}

using System.Globalization;
using Strata.Core;

namespace Strata.Nodes.Agent.Logs;

/// <summary>How far a log has been shipped; kept beside it in <c>ID.log.position</c>, so that a restart ships nothing twice and loses nothing.</summary>
/// <param name="Rotated">In the rotated file; null when all of it is shipped.</param>
/// <param name="Current">In the current file.</param>
internal readonly record struct LogPosition(long? Rotated, long Current)
{
    public static string PathOf(string log) => log + ".position";

    public static LogPosition Load(string log)
    {
        try
        {
            var fields = File.ReadAllText(PathOf(log)).Split(' ');
            var rotated = long.Parse(fields[0], CultureInfo.InvariantCulture);
            return new LogPosition(rotated < 0 ? null : rotated, long.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or FormatException or IndexOutOfRangeException)
        {
            return default;
        }
    }

    public void Save(string log) => WholeFile.Write(PathOf(log), string.Create(CultureInfo.InvariantCulture, $"{Rotated ?? -1} {Current}"));

    /// <summary>After a rotation: what was not shipped of the current file is now in the rotated one.</summary>
    public LogPosition Rotate() => new(Current, 0);
}

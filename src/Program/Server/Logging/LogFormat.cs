namespace Strata.Server.Logging;

/// <summary>The form of a line of the log.</summary>
public enum LogFormat
{
    Text,

    /// <summary>One JSON object.</summary>
    Json,
}

/// The files that browsers get, as they are in this folder: they are part of the program.
package enum WebFiles {
    /// The page, its script and its style.
    package static var viewerPage: [UInt8] { PackageResources.viewer_html }
    package static var viewerScript: [UInt8] { PackageResources.viewer_mjs }
    package static var viewerStyle: [UInt8] { PackageResources.viewer_css }
    /// The module for whoever writes pages, and what the viewer is built of.
    package static var module: [UInt8] { PackageResources.syncstreamer_mjs }
    /// The interface's description.
    package static var description: [UInt8] { PackageResources.openapi_json }
}

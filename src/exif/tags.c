/*
 * tags.c
 *		Looks up name and kind of a tag.
 *
 * Names are those of the Exif and TIFF standards, from libexif.  The table adds tags
 * that libexif, or some version of it, does not know, so that the result does not
 * depend on the version: tags of TIFF/EP, DNG, GeoTIFF and makers, under their names in
 * ExifTool.  A NULL name means libexif's name.
 */
#include "exif/tags.h"

#include "container/tiff.h"

#include <stdio.h>
#include <stdlib.h>

#include <libexif/exif-tag.h>

#define GPS_PROCESSING_METHOD	0x001B
#define GPS_AREA_INFORMATION	0x001C
#define GPS_DATE_STAMP			0x001D

typedef struct Tag
{
	uint16_t	tag;
	uint16_t	kind;			/* TagKind */
	const char *name;
} Tag;

/* IFD0 and the Exif IFD, ascending. */
static const Tag tags[] = {
	{0x0001, TAG_TEXT, "InteroperabilityIndex"}, {0x0002, TAG_TEXT, "InteroperabilityVersion"},
	{0x000B, TAG_PLAIN, "ProcessingSoftware"}, {0x00FF, TAG_PLAIN, "SubfileType"},
	{0x0107, TAG_PLAIN, "Thresholding"}, {0x0108, TAG_PLAIN, "CellWidth"}, {0x0109, TAG_PLAIN, "CellLength"},
	{0x010F, TAG_CLEAN, NULL}, {0x0110, TAG_CLEAN, NULL}, {0x0118, TAG_PLAIN, "MinSampleValue"},
	{0x0119, TAG_PLAIN, "MaxSampleValue"}, {0x011D, TAG_PLAIN, "PageName"}, {0x011E, TAG_PLAIN, "XPosition"},
	{0x011F, TAG_PLAIN, "YPosition"}, {0x0120, TAG_PLAIN, "FreeOffsets"},
	{0x0121, TAG_PLAIN, "FreeByteCounts"}, {0x0122, TAG_PLAIN, "GrayResponseUnit"},
	{0x0123, TAG_PLAIN, "GrayResponseCurve"}, {0x0124, TAG_PLAIN, "T4Options"},
	{0x0125, TAG_PLAIN, "T6Options"}, {0x0129, TAG_PLAIN, "PageNumber"},
	{0x012C, TAG_PLAIN, "ColorResponseUnit"}, {0x0131, TAG_CLEAN, NULL}, {0x013B, TAG_CLEAN, NULL},
	{0x013C, TAG_PLAIN, "HostComputer"}, {0x013D, TAG_PLAIN, "Predictor"}, {0x0140, TAG_PLAIN, "ColorMap"},
	{0x0141, TAG_PLAIN, "HalftoneHints"}, {0x0142, TAG_PLAIN, "TileWidth"}, {0x0143, TAG_PLAIN, "TileLength"},
	{0x0144, TAG_PLAIN, "TileOffsets"}, {0x0145, TAG_PLAIN, "TileByteCounts"},
	{0x0146, TAG_PLAIN, "BadFaxLines"}, {0x0147, TAG_PLAIN, "CleanFaxData"},
	{0x0148, TAG_PLAIN, "ConsecutiveBadFaxLines"}, {0x014A, TAG_POINTER, NULL}, {0x014C, TAG_PLAIN, "InkSet"},
	{0x014D, TAG_PLAIN, "InkNames"}, {0x014E, TAG_PLAIN, "NumberofInks"}, {0x0150, TAG_PLAIN, "DotRange"},
	{0x0151, TAG_PLAIN, "TargetPrinter"}, {0x0152, TAG_PLAIN, "ExtraSamples"},
	{0x0153, TAG_PLAIN, "SampleFormat"}, {0x0154, TAG_PLAIN, "SMinSampleValue"},
	{0x0155, TAG_PLAIN, "SMaxSampleValue"}, {0x0157, TAG_PLAIN, "ClipPath"},
	{0x0158, TAG_PLAIN, "XClipPathUnits"}, {0x0159, TAG_PLAIN, "YClipPathUnits"},
	{0x015A, TAG_PLAIN, "Indexed"}, {0x015B, TAG_PLAIN, "JPEGTables"}, {0x015F, TAG_PLAIN, "OPIProxy"},
	{0x0190, TAG_POINTER, "GlobalParametersIFD"}, {0x0191, TAG_PLAIN, "ProfileType"},
	{0x0192, TAG_PLAIN, "FaxProfile"}, {0x0193, TAG_PLAIN, "CodingMethods"},
	{0x0194, TAG_PLAIN, "VersionYear"}, {0x0195, TAG_PLAIN, "ModeNumber"}, {0x01B1, TAG_PLAIN, "Decode"},
	{0x01B2, TAG_PLAIN, "DefaultImageColor"}, {0x01B3, TAG_PLAIN, "T82Options"},
	{0x01B5, TAG_PLAIN, "JPEGTables"}, {0x0201, TAG_PLAIN, "JPEGInterchangeFormat"},
	{0x0202, TAG_PLAIN, "JPEGInterchangeFormatLength"}, {0x0203, TAG_PLAIN, "JPEGRestartInterval"},
	{0x0205, TAG_PLAIN, "JPEGLosslessPredictors"}, {0x0206, TAG_PLAIN, "JPEGPointTransforms"},
	{0x0207, TAG_PLAIN, "JPEGQTables"}, {0x0208, TAG_PLAIN, "JPEGDCTables"},
	{0x0209, TAG_PLAIN, "JPEGACTables"}, {0x022F, TAG_PLAIN, "StripRowCounts"}, {0x02BC, TAG_BINARY, NULL},
	{0x03E7, TAG_PLAIN, "USPTOMiscellaneous"}, {0x1002, TAG_PLAIN, "RelatedImageLength"},
	{0x4746, TAG_PLAIN, "Rating"}, {0x4747, TAG_UTF16, "XP_DIP_XML"}, {0x4748, TAG_BINARY, "StitchInfo"},
	{0x4749, TAG_PLAIN, "RatingPercent"}, {0x7000, TAG_PLAIN, "SonyRawFileType"},
	{0x7010, TAG_PLAIN, "SonyToneCurve"}, {0x7031, TAG_PLAIN, "VignettingCorrection"},
	{0x7032, TAG_PLAIN, "VignettingCorrParams"}, {0x7034, TAG_PLAIN, "ChromaticAberrationCorrection"},
	{0x7035, TAG_PLAIN, "ChromaticAberrationCorrParams"}, {0x7036, TAG_PLAIN, "DistortionCorrection"},
	{0x7037, TAG_PLAIN, "DistortionCorrParams"}, {0x74C7, TAG_PLAIN, "SonyCropTopLeft"},
	{0x74C8, TAG_PLAIN, "SonyCropSize"}, {0x800D, TAG_PLAIN, "ImageID"}, {0x80A3, TAG_PLAIN, "WangTag1"},
	{0x80A4, TAG_BINARY, "WangAnnotation"}, {0x80A5, TAG_PLAIN, "WangTag3"}, {0x80A6, TAG_PLAIN, "WangTag4"},
	{0x80B9, TAG_PLAIN, "ImageReferencePoints"}, {0x80BA, TAG_PLAIN, "RegionXformTackPoint"},
	{0x80BB, TAG_PLAIN, "WarpQuadrilateral"}, {0x80BC, TAG_PLAIN, "AffineTransformMat"},
	{0x80E3, TAG_PLAIN, "Matteing"}, {0x80E4, TAG_PLAIN, "DataType"}, {0x80E5, TAG_PLAIN, "ImageDepth"},
	{0x80E6, TAG_PLAIN, "TileDepth"}, {0x8214, TAG_PLAIN, "ImageFullWidth"},
	{0x8215, TAG_PLAIN, "ImageFullHeight"}, {0x8216, TAG_PLAIN, "TextureFormat"},
	{0x8217, TAG_PLAIN, "WrapModes"}, {0x8218, TAG_PLAIN, "FovCot"},
	{0x8219, TAG_PLAIN, "MatrixWorldToScreen"}, {0x821A, TAG_PLAIN, "MatrixWorldToCamera"},
	{0x827D, TAG_PLAIN, "Model2"}, {0x828E, TAG_NUMBERS, "CFAPattern2"}, {0x8290, TAG_POINTER, "KodakIFD"},
	{0x8298, TAG_COPYRIGHT, NULL}, {0x82A5, TAG_PLAIN, "MDFileTag"}, {0x82A6, TAG_PLAIN, "MDScalePixel"},
	{0x82A7, TAG_PLAIN, "MDColorTable"}, {0x82A8, TAG_PLAIN, "MDLabName"},
	{0x82A9, TAG_PLAIN, "MDSampleInfo"}, {0x82AA, TAG_PLAIN, "MDPrepDate"}, {0x82AB, TAG_PLAIN, "MDPrepTime"},
	{0x82AC, TAG_PLAIN, "MDFileUnits"}, {0x830E, TAG_PLAIN, "PixelScale"}, {0x8335, TAG_PLAIN, "AdventScale"},
	{0x8336, TAG_PLAIN, "AdventRevision"}, {0x835C, TAG_PLAIN, "UIC1Tag"}, {0x835D, TAG_PLAIN, "UIC2Tag"},
	{0x835E, TAG_PLAIN, "UIC3Tag"}, {0x835F, TAG_PLAIN, "UIC4Tag"}, {0x83BB, TAG_BINARY, NULL},
	{0x847E, TAG_PLAIN, "IntergraphPacketData"}, {0x847F, TAG_PLAIN, "IntergraphFlagRegisters"},
	{0x8480, TAG_PLAIN, "IntergraphMatrix"}, {0x8481, TAG_PLAIN, "INGRReserved"},
	{0x8482, TAG_PLAIN, "ModelTiePoint"}, {0x84E0, TAG_PLAIN, "Site"}, {0x84E1, TAG_PLAIN, "ColorSequence"},
	{0x84E2, TAG_PLAIN, "IT8Header"}, {0x84E3, TAG_PLAIN, "RasterPadding"},
	{0x84E4, TAG_PLAIN, "BitsPerRunLength"}, {0x84E5, TAG_PLAIN, "BitsPerExtendedRunLength"},
	{0x84E6, TAG_PLAIN, "ColorTable"}, {0x84E7, TAG_PLAIN, "ImageColorIndicator"},
	{0x84E8, TAG_PLAIN, "BackgroundColorIndicator"}, {0x84E9, TAG_PLAIN, "ImageColorValue"},
	{0x84EA, TAG_PLAIN, "BackgroundColorValue"}, {0x84EB, TAG_PLAIN, "PixelIntensityRange"},
	{0x84EC, TAG_PLAIN, "TransparencyIndicator"}, {0x84ED, TAG_PLAIN, "ColorCharacterization"},
	{0x84EE, TAG_PLAIN, "HCUsage"}, {0x84EF, TAG_PLAIN, "TrapIndicator"},
	{0x84F0, TAG_PLAIN, "CMYKEquivalent"}, {0x8546, TAG_PLAIN, "SEMInfo"}, {0x8568, TAG_BINARY, "AFCP_IPTC"},
	{0x85B8, TAG_PLAIN, "PixelMagicJBIGOptions"}, {0x85D7, TAG_POINTER, "JPLCartoIFD"},
	{0x85D8, TAG_PLAIN, "ModelTransform"}, {0x8602, TAG_PLAIN, "WB_GRGBLevels"},
	{0x8606, TAG_BINARY, "LeafData"}, {0x8649, TAG_BINARY, NULL}, {0x8769, TAG_POINTER, "ExifOffset"},
	{0x8773, TAG_BINARY, NULL}, {0x877F, TAG_PLAIN, "TIFF_FXExtensions"},
	{0x8780, TAG_PLAIN, "MultiProfiles"}, {0x8781, TAG_PLAIN, "SharedData"},
	{0x8782, TAG_PLAIN, "T88Options"}, {0x87AC, TAG_PLAIN, "ImageLayer"},
	{0x87AF, TAG_PLAIN, "GeoTiffDirectory"}, {0x87B0, TAG_PLAIN, "GeoTiffDoubleParams"},
	{0x87B1, TAG_PLAIN, "GeoTiffAsciiParams"}, {0x87BE, TAG_PLAIN, "JBIGOptions"},
	{0x8825, TAG_POINTER, "GPSInfo"}, {0x8827, TAG_PLAIN, "ISOSpeedRatings"}, {0x8828, TAG_BINARY, NULL},
	{0x8829, TAG_PLAIN, "Interlace"}, {0x882B, TAG_PLAIN, "SelfTimerMode"}, {0x8833, TAG_PLAIN, "ISOSpeed"},
	{0x8834, TAG_PLAIN, "ISOSpeedLatitudeyyy"}, {0x8835, TAG_PLAIN, "ISOSpeedLatitudezzz"},
	{0x885C, TAG_PLAIN, "FaxRecvParams"}, {0x885D, TAG_PLAIN, "FaxSubAddress"},
	{0x885E, TAG_PLAIN, "FaxRecvTime"}, {0x8871, TAG_PLAIN, "FedexEDR"}, {0x888A, TAG_POINTER, "LeafSubIFD"},
	{0x9000, TAG_TEXT, NULL}, {0x9009, TAG_NUMBERS, "GooglePlusUploadCode"},
	{0x9010, TAG_PLAIN, "OffsetTime"}, {0x9011, TAG_PLAIN, "OffsetTimeOriginal"},
	{0x9012, TAG_PLAIN, "OffsetTimeDigitized"}, {0x9101, TAG_NUMBERS, NULL}, {0x9201, TAG_SIGNED, NULL},
	{0x9204, TAG_SIGNED, NULL}, {0x920B, TAG_PLAIN, "FlashEnergy"},
	{0x920C, TAG_PLAIN, "SpatialFrequencyResponse"}, {0x920D, TAG_PLAIN, "Noise"},
	{0x920E, TAG_PLAIN, "FocalPlaneXResolution"}, {0x920F, TAG_PLAIN, "FocalPlaneYResolution"},
	{0x9210, TAG_PLAIN, "FocalPlaneResolutionUnit"}, {0x9211, TAG_PLAIN, "ImageNumber"},
	{0x9212, TAG_PLAIN, "SecurityClassification"}, {0x9213, TAG_PLAIN, "ImageHistory"},
	{0x9215, TAG_PLAIN, "ExposureIndex"}, {0x9217, TAG_PLAIN, "SensingMethod"},
	{0x923A, TAG_PLAIN, "CIP3DataFile"}, {0x923B, TAG_PLAIN, "CIP3Sheet"}, {0x923C, TAG_PLAIN, "CIP3Side"},
	{0x923F, TAG_PLAIN, "StoNits"}, {0x927C, TAG_OPAQUE, NULL}, {0x9286, TAG_CODED, NULL},
	{0x9290, TAG_CLEAN, "SubSecTime"}, {0x9291, TAG_CLEAN, NULL}, {0x9292, TAG_CLEAN, NULL},
	{0x932F, TAG_PLAIN, "MSDocumentText"}, {0x9330, TAG_BINARY, "MSPropertySetStorage"},
	{0x9331, TAG_PLAIN, "MSDocumentTextPosition"}, {0x935C, TAG_BINARY, "ImageSourceData"},
	{0x9400, TAG_PLAIN, "Temperature"}, {0x9401, TAG_PLAIN, "Humidity"},
	{0x9402, TAG_PLAIN, "Pressure"}, {0x9403, TAG_PLAIN, "WaterDepth"}, {0x9404, TAG_PLAIN, "Acceleration"},
	{0x9405, TAG_PLAIN, "CameraElevationAngle"}, {0x9C9B, TAG_UTF16, NULL}, {0x9C9C, TAG_UTF16, NULL},
	{0x9C9D, TAG_UTF16, NULL}, {0x9C9E, TAG_UTF16, NULL}, {0x9C9F, TAG_UTF16, NULL}, {0xA000, TAG_TEXT, NULL},
	{0xA005, TAG_POINTER, "InteropOffset"}, {0xA010, TAG_PLAIN, "SamsungRawPointersOffset"},
	{0xA011, TAG_PLAIN, "SamsungRawPointersLength"}, {0xA101, TAG_PLAIN, "SamsungRawByteOrder"},
	{0xA102, TAG_PLAIN, "SamsungRawUnknown"}, {0xA20D, TAG_PLAIN, "Noise"},
	{0xA211, TAG_PLAIN, "ImageNumber"}, {0xA212, TAG_PLAIN, "SecurityClassification"},
	{0xA213, TAG_PLAIN, "ImageHistory"}, {0xA216, TAG_PLAIN, "TIFF/EPStandardID"},
	{0xA300, TAG_NUMBERS, NULL}, {0xA301, TAG_NUMBERS, NULL}, {0xA302, TAG_CFA, NULL},
	{0xA40B, TAG_BINARY, NULL}, {0xA436, TAG_PLAIN, "ImageTitle"}, {0xA437, TAG_PLAIN, "Photographer"},
	{0xA438, TAG_PLAIN, "ImageEditor"}, {0xA439, TAG_PLAIN, "CameraFirmware"},
	{0xA43A, TAG_PLAIN, "RAWDevelopingSoftware"}, {0xA43B, TAG_PLAIN, "ImageEditingSoftware"},
	{0xA43C, TAG_PLAIN, "MetadataEditingSoftware"}, {0xA460, TAG_PLAIN, "CompositeImage"},
	{0xA461, TAG_PLAIN, "SourceImageNumberOfCompositeImage"},
	{0xA462, TAG_PLAIN, "SourceExposureTimesOfCompositeImage"}, {0xA480, TAG_PLAIN, "GDALMetadata"},
	{0xA481, TAG_PLAIN, "GDALNoData"}, {0xAFC0, TAG_PLAIN, "ExpandSoftware"},
	{0xAFC1, TAG_PLAIN, "ExpandLens"}, {0xAFC2, TAG_PLAIN, "ExpandFilm"},
	{0xAFC3, TAG_PLAIN, "ExpandFilterLens"}, {0xAFC4, TAG_PLAIN, "ExpandScanner"},
	{0xAFC5, TAG_PLAIN, "ExpandFlashLamp"}, {0xB4C3, TAG_BINARY, "HasselbladRawImage"},
	{0xC427, TAG_PLAIN, "OceScanjobDesc"}, {0xC428, TAG_PLAIN, "OceApplicationSelector"},
	{0xC429, TAG_PLAIN, "OceIDNumber"}, {0xC42A, TAG_PLAIN, "OceImageLogic"},
	{0xC44F, TAG_BINARY, "Annotations"}, {0xC4A5, TAG_BINARY, NULL}, {0xC51B, TAG_BINARY, "HasselbladExif"},
	{0xC573, TAG_PLAIN, "OriginalFileName"}, {0xC580, TAG_PLAIN, "USPTOOriginalContentType"},
	{0xC5E0, TAG_PLAIN, "CR2CFAPattern"}, {0xC612, TAG_PLAIN, "DNGVersion"},
	{0xC613, TAG_PLAIN, "DNGBackwardVersion"}, {0xC614, TAG_PLAIN, "UniqueCameraModel"},
	{0xC615, TAG_TEXT, "LocalizedCameraModel"}, {0xC616, TAG_PLAIN, "CFAPlaneColor"},
	{0xC617, TAG_PLAIN, "CFALayout"}, {0xC618, TAG_PLAIN, "LinearizationTable"},
	{0xC619, TAG_PLAIN, "BlackLevelRepeatDim"}, {0xC61A, TAG_PLAIN, "BlackLevel"},
	{0xC61B, TAG_PLAIN, "BlackLevelDeltaH"}, {0xC61C, TAG_PLAIN, "BlackLevelDeltaV"},
	{0xC61D, TAG_PLAIN, "WhiteLevel"}, {0xC61E, TAG_PLAIN, "DefaultScale"},
	{0xC61F, TAG_PLAIN, "DefaultCropOrigin"}, {0xC620, TAG_PLAIN, "DefaultCropSize"},
	{0xC621, TAG_PLAIN, "ColorMatrix1"}, {0xC622, TAG_PLAIN, "ColorMatrix2"},
	{0xC623, TAG_PLAIN, "CameraCalibration1"}, {0xC624, TAG_PLAIN, "CameraCalibration2"},
	{0xC625, TAG_PLAIN, "ReductionMatrix1"}, {0xC626, TAG_PLAIN, "ReductionMatrix2"},
	{0xC627, TAG_PLAIN, "AnalogBalance"}, {0xC628, TAG_PLAIN, "AsShotNeutral"},
	{0xC629, TAG_PLAIN, "AsShotWhiteXY"}, {0xC62A, TAG_PLAIN, "BaselineExposure"},
	{0xC62B, TAG_PLAIN, "BaselineNoise"}, {0xC62C, TAG_PLAIN, "BaselineSharpness"},
	{0xC62D, TAG_PLAIN, "BayerGreenSplit"}, {0xC62E, TAG_PLAIN, "LinearResponseLimit"},
	{0xC62F, TAG_PLAIN, "CameraSerialNumber"}, {0xC630, TAG_PLAIN, "DNGLensInfo"},
	{0xC631, TAG_PLAIN, "ChromaBlurRadius"}, {0xC632, TAG_PLAIN, "AntiAliasStrength"},
	{0xC633, TAG_PLAIN, "ShadowScale"}, {0xC634, TAG_BINARY, "DNGPrivateData"},
	{0xC635, TAG_PLAIN, "MakerNoteSafety"}, {0xC640, TAG_PLAIN, "RawImageSegmentation"},
	{0xC65A, TAG_PLAIN, "CalibrationIlluminant1"}, {0xC65B, TAG_PLAIN, "CalibrationIlluminant2"},
	{0xC65C, TAG_PLAIN, "BestQualityScale"}, {0xC65D, TAG_HEX, "RawDataUniqueID"},
	{0xC660, TAG_PLAIN, "AliasLayerMetadata"}, {0xC68B, TAG_TEXT, "OriginalRawFileName"},
	{0xC68C, TAG_BINARY, "OriginalRawFileData"}, {0xC68D, TAG_PLAIN, "ActiveArea"},
	{0xC68E, TAG_PLAIN, "MaskedAreas"}, {0xC68F, TAG_BINARY, "AsShotICCProfile"},
	{0xC690, TAG_PLAIN, "AsShotPreProfileMatrix"}, {0xC691, TAG_BINARY, "CurrentICCProfile"},
	{0xC692, TAG_PLAIN, "CurrentPreProfileMatrix"}, {0xC6BF, TAG_PLAIN, "ColorimetricReference"},
	{0xC6C5, TAG_PLAIN, "SRawType"}, {0xC6D2, TAG_TEXT, "PanasonicTitle"},
	{0xC6D3, TAG_TEXT, "PanasonicTitle2"}, {0xC6F3, TAG_TEXT, "CameraCalibrationSig"},
	{0xC6F4, TAG_TEXT, "ProfileCalibrationSig"}, {0xC6F5, TAG_POINTER, "ProfileIFD"},
	{0xC6F6, TAG_TEXT, "AsShotProfileName"}, {0xC6F7, TAG_PLAIN, "NoiseReductionApplied"},
	{0xC6F8, TAG_TEXT, "ProfileName"}, {0xC6F9, TAG_PLAIN, "ProfileHueSatMapDims"},
	{0xC6FA, TAG_PLAIN, "ProfileHueSatMapData1"}, {0xC6FB, TAG_PLAIN, "ProfileHueSatMapData2"},
	{0xC6FC, TAG_PLAIN, "ProfileToneCurve"}, {0xC6FD, TAG_PLAIN, "ProfileEmbedPolicy"},
	{0xC6FE, TAG_TEXT, "ProfileCopyright"}, {0xC714, TAG_PLAIN, "ForwardMatrix1"},
	{0xC715, TAG_PLAIN, "ForwardMatrix2"}, {0xC716, TAG_TEXT, "PreviewApplicationName"},
	{0xC717, TAG_TEXT, "PreviewApplicationVersion"}, {0xC718, TAG_TEXT, "PreviewSettingsName"},
	{0xC719, TAG_HEX, "PreviewSettingsDigest"}, {0xC71A, TAG_PLAIN, "PreviewColorSpace"},
	{0xC71B, TAG_PLAIN, "PreviewDateTime"}, {0xC71C, TAG_HEX, "RawImageDigest"},
	{0xC71D, TAG_HEX, "OriginalRawFileDigest"}, {0xC71E, TAG_PLAIN, "SubTileBlockSize"},
	{0xC71F, TAG_PLAIN, "RowInterleaveFactor"}, {0xC725, TAG_PLAIN, "ProfileLookTableDims"},
	{0xC726, TAG_PLAIN, "ProfileLookTableData"}, {0xC740, TAG_BINARY, "OpcodeList1"},
	{0xC741, TAG_BINARY, "OpcodeList2"}, {0xC74E, TAG_BINARY, "OpcodeList3"},
	{0xC761, TAG_PLAIN, "NoiseProfile"}, {0xC763, TAG_PLAIN, "TimeCodes"}, {0xC764, TAG_PLAIN, "FrameRate"},
	{0xC772, TAG_PLAIN, "TStop"}, {0xC789, TAG_PLAIN, "ReelName"},
	{0xC791, TAG_PLAIN, "OriginalDefaultFinalSize"}, {0xC792, TAG_PLAIN, "OriginalBestQualitySize"},
	{0xC793, TAG_PLAIN, "OriginalDefaultCropSize"}, {0xC7A1, TAG_PLAIN, "CameraLabel"},
	{0xC7A3, TAG_PLAIN, "ProfileHueSatMapEncoding"}, {0xC7A4, TAG_PLAIN, "ProfileLookTableEncoding"},
	{0xC7A5, TAG_PLAIN, "BaselineExposureOffset"}, {0xC7A6, TAG_PLAIN, "DefaultBlackRender"},
	{0xC7A7, TAG_HEX, "NewRawImageDigest"}, {0xC7A8, TAG_PLAIN, "RawToPreviewGain"},
	{0xC7AA, TAG_NUMBERS, "CacheVersion"}, {0xC7B5, TAG_PLAIN, "DefaultUserCrop"},
	{0xC7D5, TAG_BINARY, "NikonNEFInfo"}, {0xC7E9, TAG_PLAIN, "DepthFormat"},
	{0xC7EA, TAG_PLAIN, "DepthNear"}, {0xC7EB, TAG_PLAIN, "DepthFar"}, {0xC7EC, TAG_PLAIN, "DepthUnits"},
	{0xC7ED, TAG_PLAIN, "DepthMeasureType"}, {0xC7EE, TAG_PLAIN, "EnhanceParams"},
	{0xCD2D, TAG_BINARY, "ProfileGainTableMap"}, {0xCD2E, TAG_PLAIN, "SemanticName"},
	{0xCD30, TAG_PLAIN, "SemanticInstanceID"}, {0xCD31, TAG_PLAIN, "CalibrationIlluminant3"},
	{0xCD32, TAG_PLAIN, "CameraCalibration3"}, {0xCD33, TAG_PLAIN, "ColorMatrix3"},
	{0xCD34, TAG_PLAIN, "ForwardMatrix3"}, {0xCD35, TAG_PLAIN, "IlluminantData1"},
	{0xCD36, TAG_PLAIN, "IlluminantData2"}, {0xCD37, TAG_PLAIN, "IlluminantData3"},
	{0xCD38, TAG_PLAIN, "MaskSubArea"}, {0xCD39, TAG_PLAIN, "ProfileHueSatMapData3"},
	{0xCD3A, TAG_PLAIN, "ReductionMatrix3"}, {0xCD3B, TAG_PLAIN, "RGBTables"},
	{0xEA1C, TAG_BINARY, "Padding"}, {0xEA1D, TAG_PLAIN, "OffsetSchema"},
	{0xFDE8, TAG_LABELLED, "CameraOwnerName"}, {0xFDE9, TAG_LABELLED, "BodySerialNumber"},
	{0xFDEA, TAG_LABELLED, "Lens"}, {0xFE4C, TAG_LABELLED, "RawFile"}, {0xFE4D, TAG_LABELLED, "Converter"},
	{0xFE4E, TAG_LABELLED, "WhiteBalance"}, {0xFE51, TAG_LABELLED, "Exposure"},
	{0xFE52, TAG_LABELLED, "Shadows"}, {0xFE53, TAG_LABELLED, "Brightness"},
	{0xFE54, TAG_LABELLED, "Contrast"}, {0xFE55, TAG_LABELLED, "Saturation"},
	{0xFE56, TAG_LABELLED, "Sharpness"}, {0xFE57, TAG_LABELLED, "Smoothness"},
	{0xFE58, TAG_LABELLED, "MoireFilter"}
};

/* The first directory of Panasonic's RW2, before the common ones; ascending. */
static const Tag panasonic_tags[] = {
	{0x0001, TAG_TEXT, "PanasonicRawVersion"}, {0x0002, TAG_PLAIN, "SensorWidth"},
	{0x0003, TAG_PLAIN, "SensorHeight"}, {0x0004, TAG_PLAIN, "SensorTopBorder"},
	{0x0005, TAG_PLAIN, "SensorLeftBorder"}, {0x0006, TAG_PLAIN, "SensorBottomBorder"},
	{0x0007, TAG_PLAIN, "SensorRightBorder"}, {0x0008, TAG_PLAIN, "SamplesPerPixel"},
	{0x0009, TAG_PLAIN, "CFAPattern"}, {0x000A, TAG_PLAIN, "BitsPerSample"},
	{0x000B, TAG_PLAIN, "Compression"}, {0x000E, TAG_PLAIN, "LinearityLimitRed"},
	{0x000F, TAG_PLAIN, "LinearityLimitGreen"}, {0x0010, TAG_PLAIN, "LinearityLimitBlue"},
	{0x0011, TAG_FIXED8, "RedBalance"}, {0x0012, TAG_FIXED8, "BlueBalance"}, {0x0013, TAG_BINARY, "WBInfo"},
	{0x0017, TAG_PLAIN, "ISOSpeedRatings"}, {0x0018, TAG_FIXED8, "HighISOMultiplierRed"},
	{0x0019, TAG_FIXED8, "HighISOMultiplierGreen"}, {0x001A, TAG_FIXED8, "HighISOMultiplierBlue"},
	{0x001B, TAG_PLAIN, "NoiseReductionParams"}, {0x001C, TAG_PLAIN, "BlackLevelRed"},
	{0x001D, TAG_PLAIN, "BlackLevelGreen"}, {0x001E, TAG_PLAIN, "BlackLevelBlue"},
	{0x0024, TAG_PLAIN, "WBRedLevel"}, {0x0025, TAG_PLAIN, "WBGreenLevel"},
	{0x0026, TAG_PLAIN, "WBBlueLevel"}, {0x0027, TAG_BINARY, "WBInfo2"}, {0x002D, TAG_PLAIN, "RawFormat"},
	{0x002E, TAG_BINARY, "JpgFromRaw"}, {0x002F, TAG_PLAIN, "CropTop"}, {0x0030, TAG_PLAIN, "CropLeft"},
	{0x0031, TAG_PLAIN, "CropBottom"}, {0x0032, TAG_PLAIN, "CropRight"}, {0x010F, TAG_CLEAN, NULL},
	{0x0110, TAG_CLEAN, NULL}, {0x0111, TAG_PLAIN, NULL}, {0x0112, TAG_PLAIN, NULL},
	{0x0116, TAG_PLAIN, NULL}, {0x0117, TAG_PLAIN, NULL}, {0x0118, TAG_PLAIN, "RawDataOffset"},
	{0x0119, TAG_BINARY, "DistortionInfo"}, {0x011C, TAG_PLAIN, "Gamma"}, {0x0120, TAG_POINTER, "CameraIFD"},
	{0x0121, TAG_PLAIN, "Multishot"}, {0x02BC, TAG_BINARY, NULL}, {0x83BB, TAG_BINARY, NULL},
	{0x8769, TAG_POINTER, NULL}, {0x8825, TAG_POINTER, NULL}
};

static int
compare(const void *key, const void *element)
{
	return (int) *(const uint16_t *) key - (int) ((const Tag *) element)->tag;
}

#define LOOK_UP(table, tag) \
	((const Tag *) bsearch(&(tag), table, sizeof(table) / sizeof((table)[0]), sizeof(Tag), compare))

/* libexif's name, also for a tag in another directory than the standard's. */
static const char *
libexif_name(ExifDir dir, uint16_t tag)
{
	static const ExifIfd order[][3] = {
		[EXIF_DIR_IFD0] = {EXIF_IFD_0, EXIF_IFD_EXIF, EXIF_IFD_1},
		[EXIF_DIR_EXIF] = {EXIF_IFD_EXIF, EXIF_IFD_0, EXIF_IFD_1},
		[EXIF_DIR_GPS] = {EXIF_IFD_GPS, EXIF_IFD_GPS, EXIF_IFD_GPS},
		[EXIF_DIR_INTEROP] = {EXIF_IFD_INTEROPERABILITY, EXIF_IFD_EXIF, EXIF_IFD_0}
	};

	for (int i = 0; i < 3; i++)
	{
		const char *name = exif_tag_get_name_in_ifd((ExifTag) tag, order[dir][i]);

		if (name != NULL)
			return name;
	}
	return NULL;
}

bool
exif_tag_is_own(ExifDir dir, uint16_t tag, uint16_t raw_magic)
{
	return dir != EXIF_DIR_IFD0 || raw_magic != TIFF_MAGIC_PANASONIC ||
		LOOK_UP(panasonic_tags, tag) != NULL;
}

TagKind
exif_tag_kind(ExifDir dir, uint16_t tag, uint16_t raw_magic, const char **name, char *buffer)
{
	const Tag  *found = NULL;
	TagKind		kind = TAG_PLAIN;

	*name = NULL;
	if (dir == EXIF_DIR_GPS)
	{
		if (tag == GPS_PROCESSING_METHOD || tag == GPS_AREA_INFORMATION)
			kind = TAG_CODED;
		else if (tag == GPS_DATE_STAMP)
			kind = TAG_TEXT;
	}
	else
	{
		if (dir == EXIF_DIR_IFD0 && raw_magic == TIFF_MAGIC_PANASONIC)
			found = LOOK_UP(panasonic_tags, tag);
		if (found == NULL)
			found = LOOK_UP(tags, tag);
	}
	if (found != NULL)
	{
		kind = (TagKind) found->kind;
		*name = found->name;
	}
	if (*name == NULL && (dir != EXIF_DIR_GPS || tag <= 0x1F))
		*name = libexif_name(dir, tag);
	if (*name == NULL)
	{
		snprintf(buffer, EXIF_MAX_NAME, "0x%04X", tag);
		*name = buffer;
	}
	return kind;
}
